export { COMMANDS, USAGE } from './cli.ts';
export { createDevDoor } from './dev/dev-door.ts';
export { startFrontDoor } from './dev/front-door.ts';
