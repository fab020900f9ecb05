import { status } from '@grpc/grpc-js';
import { expect, test } from 'vitest';
import { grpcFailure } from '../../../server/sources/transport/grpc-failure.ts';

const PREFIX = 'No connection established. Last error: ';

test.each([
  [`${PREFIX}Error: connect ECONNREFUSED ::1:1. Resolution note: `, 'connect ECONNREFUSED ::1:1'],
  [`${PREFIX}null. Resolution note: undefined`, 'No connection established'],
  ['No addresses resolved. Resolution note: ', 'No addresses resolved'],
  [`${PREFIX}reset. Resolution note: stale`, 'reset. Resolution note: stale'],
])('of %j a person is told only what says something', (details, told) => {
  const error = Object.assign(new Error(details), { code: status.UNAVAILABLE, details });
  const { message } = grpcFailure(error, 'relay:80');
  expect(message).toMatch(/^A source failed: relay:80: /);
  expect(message.endsWith(`(UNAVAILABLE: ${told})`)).toBe(true);
});
