import { render } from 'preact';
import './styles/base.css';
import './styles/console.css';
import './styles/operator.css';
import './shell/theme.ts';
import { App } from './shell/app.tsx';
import { findDevDoor, findGateways } from './shell/dev-door.ts';

await Promise.all([findDevDoor(), findGateways()]);
const root = document.getElementById('app');
if (root !== null) render(<App />, root);
