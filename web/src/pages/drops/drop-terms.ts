import type { FlowJson } from '../../../../server/http/contract.ts';
import { fieldTerm, withTerms } from '../../state/query-terms.ts';
import { FLOW_COLUMNS } from '../live/flow-columns.ts';

const PARTS = ['source', 'destination', 'port', 'direction', 'reason'] as const;

/**
 * The query that finds the flows of a group. The policy is left out: of the two records that a dropped packet makes one
 * names none, and both are the group's.
 */
export const groupQuery = (latest: FlowJson): string =>
  withTerms('', [
    fieldTerm('verdict', 'dropped'),
    ...PARTS.flatMap((part) => FLOW_COLUMNS[part].terms(latest)),
  ]);

/** The query that finds all flows between the two ends of a group. */
export const pairQuery = (latest: FlowJson): string =>
  withTerms('', [...FLOW_COLUMNS.source.terms(latest), ...FLOW_COLUMNS.destination.terms(latest)]);
