export { backingUrls } from './backing-urls.ts';
export { type ChildService, startChildService } from './child-service.ts';
export { connectOnlyCare, type HeardEvent, type OnlyCareAck, type OnlyCareClient } from './onlycare-client.ts';
export { type System, type SystemOptions, startSystem } from './system.ts';
export { createTestDatabase, type TestDatabase } from './test-database.ts';
export { mintToken, TEST_JWT_SECRET, type TokenClaims } from './tokens.ts';
export { until } from './until.ts';
