export { createDevDoor } from './dev/dev-door.ts';
export { startFrontDoor } from './dev/front-door.ts';
