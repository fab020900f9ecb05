import type { RecordedFlow } from '../../core/flow.ts';
import type { InventorySnapshot, ObjectVersion } from '../../core/inventory.ts';
import { formatTime, type EpochNanos } from '../../core/time.ts';
import { isRecord } from '../../core/manifest.ts';
import { canonicalAddress } from '../../query/address.ts';

/** Who had an address of the flow before and has it no more, by what the inventory was told. */
export function ownerNotes(
  flow: RecordedFlow,
  before: InventorySnapshot,
  then: InventorySnapshot,
): readonly string[] {
  return [flow.sourceIp, flow.destinationIp].flatMap((ip) => {
    const [old] = ownersOf(before, ip);
    const [now] = ownersOf(then, ip);
    if (ip === '' || old === undefined || old === now || podName(old) === (now && podName(now)))
      return [];
    const until = timeText(now?.from ?? old.until ?? then.at);
    return now === undefined
      ? [
          `${ip} belonged to ${podName(old)} until ${timeText(old.until ?? then.at)}; no pod that is known has it since.`,
        ]
      : [`${ip} belonged to ${podName(old)}, and is that of ${podName(now)} since ${until}.`];
  });
}

const podName = ({ key }: ObjectVersion): string => `${key.namespace}/${key.name}`;

const timeText = (time: EpochNanos): string => `${formatTime(time).slice(0, 19)}Z`;

function ownersOf({ objects }: InventorySnapshot, ip: string): readonly ObjectVersion[] {
  const wanted = canonicalAddress(ip) ?? ip;
  return objects.filter(
    (version) =>
      version.key.kind === 'Pod' &&
      podIps(version).some((each) => (canonicalAddress(each) ?? each) === wanted),
  );
}

/** Addresses of a pod that has one of its own: those on the network of their node come and go without it. */
export function podIps({ manifest }: ObjectVersion): readonly string[] {
  const { status, spec } = manifest;
  if (!isRecord(status) || (isRecord(spec) && spec['hostNetwork'] === true)) return [];
  const list: readonly unknown[] = Array.isArray(status['podIPs']) ? status['podIPs'] : [];
  const ips = list.map((each) => (isRecord(each) ? each['ip'] : undefined));
  return [...ips, status['podIP']].filter((ip) => typeof ip === 'string');
}
