import { runService } from '@trunkline/service-kit';
import { loadNotifierConfig } from './config.ts';
import { startNotifier } from './notifier.ts';

await runService({ argv: process.argv, loadConfig: () => loadNotifierConfig(process.env), start: startNotifier });
