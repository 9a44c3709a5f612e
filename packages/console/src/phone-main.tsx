import './wires/install-network-switch.ts';
import { signal } from '@preact/signals';
import { type JSX, render } from 'preact';
import './styles/base.css';
import './styles/phone.css';
import './shell/theme.ts';
import { OffScreen } from './phone/off-screen.tsx';
import { Phone } from './phone/phone.ts';
import { PhoneApp } from './phone/phone-app.tsx';
import { hashOf, type PhoneSettings, readSettings } from './phone/phone-settings.ts';
import { RingSound } from './phone/ring-sound.ts';
import { devDoor, findDevDoor, findGateways, gatewayUrls } from './shell/dev-door.ts';

const sound = new RingSound();
addEventListener('pointerdown', () => sound.unlock());
addEventListener('keydown', () => sound.unlock());
// Of a framed phone that is taken away, the sound would go on in the page around it.
addEventListener('pagehide', () => sound.stop());

const phone = signal<Phone | null>(null);

const start = (settings: PhoneSettings, token: string | null): Phone => {
  const { value: urls } = gatewayUrls;
  return new Phone({ settings, sound, token, gatewayUrl: urls[settings.gateway % urls.length] ?? location.origin });
};

const turnOn = (settings: PhoneSettings, token: string | null): void => {
  history.replaceState(null, '', hashOf(settings));
  phone.value = start(settings, token);
};

/** The page goes as an app does that is killed: without a goodbye, and comes back as a phone that is off. */
const kill = (): void => {
  history.replaceState(null, '', hashOf({ ...readSettings(location.hash), isOn: false }));
  location.reload();
};

const App = (): JSX.Element =>
  phone.value === null ? (
    <OffScreen settings={readSettings(location.hash)} turnOn={turnOn} />
  ) : (
    <PhoneApp phone={phone.value} kill={kill} />
  );

await Promise.all([findDevDoor(), findGateways()]);
const settings = readSettings(location.hash);
document.title = `${settings.name} · Trunkline`;
// Without the door, a phone needs a token: it is off until it has one.
if (settings.isOn && devDoor.value) phone.value = start(settings, null);
const root = document.getElementById('app');
if (root !== null) render(<App />, root);
