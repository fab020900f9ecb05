import type { StoredFlow } from '../../core/flow.ts';
import { isLinkLocal, isMulticast } from '../../core/multicast.ts';
import { nanos } from '../../core/time.ts';
import { all, term } from '../../query/build.ts';
import { doubt, DROPPED, find, MINUTE, type DropCheck } from './look.ts';

const MOST = 200;

/** Which protocols does this node drop for the same reason? */
export const protocols: DropCheck = async (drop, look) => {
  if (drop.verdict.kind !== 'dropped') return undefined;
  const { observedAt } = drop;
  const found = await find(
    look,
    all([
      DROPPED,
      term(undefined, 'reason', drop.verdict.reason),
      ...(drop.node === '' ? [] : [term(undefined, 'node', drop.node)]),
    ]),
    {
      within: { from: nanos(observedAt - 10n * MINUTE), to: nanos(observedAt + 10n * MINUTE) },
      limit: MOST,
    },
  );
  const kinds = new Map<string, StoredFlow[]>();
  for (const flow of found.flows) {
    const kind = kindOf(flow);
    kinds.set(kind, [...(kinds.get(kind) ?? []), flow]);
  }
  const told = [...kinds].sort(([, a], [, b]) => b.length - a.length).slice(0, 5);
  if (told.every(([kind]) => kind === UNTOLD))
    return {
      strength: 'not-seen',
      finding: `The records of such drops within 10 min do not say which protocol it was.${doubt(found)}`,
      evidence: [],
    };
  const list = told.map(([kind, flows]) => `${kind} (${flows.length})`).join(', ');
  const { node } = drop;
  return {
    strength: 'shown',
    finding: `Dropped for the same reason${node === '' ? '' : ` on ${node}`} within 10 min: ${list}${found.flows.length === MOST ? ', among the latest 200' : ''}.${meaningOf(drop)}`,
    evidence: told.map(([, [first]]) => first?.seq ?? drop.seq),
  };
};

const UNTOLD = 'protocol not recorded';

function kindOf({ protocol, sourceIp, destinationIp }: StoredFlow): string {
  const version = `${sourceIp}${destinationIp}`.includes(':') ? 'IPv6' : 'IPv4';
  const family = sourceIp === '' && destinationIp === '' ? '' : `${version} `;
  const group = isMulticast(destinationIp) ? ` to ${destinationIp}` : '';
  if (protocol === '') return family === '' ? UNTOLD : `${family.trim()}${group}`;
  return `${family}${protocol.toUpperCase()}${group}`;
}

/** What an address gives away of the purpose of a packet. */
function meaningOf({ sourceIp, destinationIp }: StoredFlow): string {
  if (destinationIp === 'ff02::2') return ' ff02::2 is asked for by IPv6 router solicitations.';
  if (destinationIp === 'ff02::16') return ' ff02::16 gets reports of multicast listeners.';
  if (destinationIp === '224.0.0.18') return ' 224.0.0.18 is the group of VRRP.';
  if (isLinkLocal(sourceIp)) return ' The sender is a link-local address.';
  return '';
}
