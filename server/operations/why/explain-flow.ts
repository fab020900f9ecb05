import type {
  Change,
  EndExplanation,
  Explanation,
  PolicySnapshot,
} from '../../core/explanation.ts';
import type { RecordedFlow } from '../../core/flow.ts';
import type { Inventory, InventorySnapshot } from '../../core/inventory.ts';
import { formatTime, nanos, NANOS_PER_SECOND, type EpochNanos } from '../../core/time.ts';
import type { Engine } from '../../policy/engine.ts';
import type { Dataplane } from '../../policy/facts.ts';
import type { FlowReader } from '../../store/flow-store.ts';
import { dns } from '../drop-checks/dns.ts';
import { objectChanges, rankChanges, type Concerned } from './changes.ts';
import { ofCluster, type Engines } from './engine-at.ts';
import { findTimeline, similarDrops, whatDiffers, type Times } from './history.ts';
import { endNotes } from './notes.ts';
import { ownerNotes } from './owners.ts';
import { otherPolicies, reportedText, said } from './say.ts';
import { placesIn, type DocumentOf, type PlaceOf, type SourceFiles } from './source-places.ts';
import { endSentence, portText, type Asked } from './sentences.ts';
import { stagedNotes } from './staged.ts';
import { missingTexts, nameOf, toldTrace } from './told-trace.ts';
import { toldSuggestion } from './suggestion.ts';
import { askedOf, clusterOf, weighWith, type Weighed } from './weigh.ts';

export type ExplainOptions = {
  readonly reader: FlowReader;
  readonly inventory: Inventory;
  readonly engines: Engines;
  readonly dataplane: Dataplane;
  /** The policies of the time of the flow, today's, or those of files. */
  readonly of: PolicySnapshot['of'];
  /** Another time, whose policies are meant instead of those of the flow's. */
  readonly at?: EpochNanos | undefined;
  /** Where objects are written, of those that come from files. */
  readonly documentsOf?: SourceFiles['of'];
  readonly signal?: AbortSignal;
};

/** Why a stored flow was let through or dropped. */
export async function explainFlow(
  flow: RecordedFlow,
  options: ExplainOptions,
): Promise<Explanation> {
  const { inventory, of, dataplane } = options;
  const snapshot =
    of === 'then'
      ? await inventory.asOf(options.at ?? seenAt(flow, inventory))
      : inventory.current();
  const weighed = snapshot.coveredSince === undefined ? undefined : weigh(flow, snapshot, options);
  const objects = objectsOf(snapshot, flow);
  const documentOf = (await options.documentsOf?.(objects)) ?? NO_FILES;
  const places = placesIn(objects, documentOf);
  const ends = weighed === undefined ? [] : toldEnds(weighed, askedOf(flow), places);
  return {
    ...said(flow, weighed, ends, otherPolicies(of, options.at)),
    against: weighed && toldSnapshot(weighed.engine, snapshot, of, dataplane),
    reported: reportedText(flow),
    ends,
    notes: [
      ...(await notesOf(flow, snapshot, weighed, options)),
      ...(weighed === undefined ? [] : stagedNotes(flow, weighed, objects, options.engines)),
    ],
    missing: weighed === undefined ? [] : missingTexts(weighed.judgement.missing),
    ...(flow.verdict.kind === 'dropped'
      ? await toldOfDrop(flow, snapshot, weighed, { ...options, documentOf })
      : NO_DROP),
  };
}

const NO_FILES: DocumentOf = () => undefined;

type WithFiles = ExplainOptions & { readonly documentOf: DocumentOf };

/** Clocks of nodes are ahead at times, and nobody has watched what is to come. */
function seenAt({ observedAt }: RecordedFlow, inventory: Inventory): EpochNanos {
  const now = inventory.current().at;
  return observedAt > now ? now : observedAt;
}

/** Addresses are looked up so far back, when no flow says when it was last right. */
async function notesOf(
  flow: RecordedFlow,
  snapshot: InventorySnapshot,
  weighed: Weighed | undefined,
  { inventory, reader, signal }: ExplainOptions,
): Promise<readonly string[]> {
  const ofPolicies = weighed?.traces.flatMap(endNotes) ?? [];
  if (flow.verdict.kind !== 'dropped') return ofPolicies;
  const [before, name] = await Promise.all([
    inventory.asOf(nanos(flow.observedAt - LOOK_BACK)),
    isOpenName(weighed) ? dns(flow, { reader, ...(signal && { signal }) }) : undefined,
  ]);
  return [...ofPolicies, ...(name ? [name.finding] : []), ...ownerNotes(flow, before, snapshot)];
}

const isOpenName = (weighed: Weighed | undefined): boolean =>
  weighed?.traces.some(({ tried, question }) =>
    tried.some(
      ({ truth, clauses }) =>
        question.way === 'egress' &&
        truth !== 'yes' &&
        clauses.some(({ options: [nearest] }) =>
          nearest?.predicates.some(
            ({ about, truth: holds }) => about === 'name' && holds !== 'yes',
          ),
        ),
    ),
  ) === true;

type ToldOfDrop = Pick<
  Explanation,
  'timeline' | 'changes' | 'similar' | 'differs' | 'suggestion' | 'noSuggestion'
>;

const NO_DROP: ToldOfDrop = {
  timeline: undefined,
  changes: [],
  similar: [],
  differs: [],
  suggestion: undefined,
  noSuggestion: '',
};

async function toldOfDrop(
  flow: RecordedFlow,
  snapshot: InventorySnapshot,
  weighed: Weighed | undefined,
  options: WithFiles,
): Promise<ToldOfDrop> {
  const [times, similar, differs, suggestion] = await Promise.all([
    findTimeline(flow, options),
    similarDrops(flow, options),
    whatDiffers(flow, options),
    suggestionFor(flow, snapshot, weighed, options),
  ]);
  const changes = weighed === undefined ? [] : await changesBetween(flow, times, options);
  return { timeline: toldTimes(times), changes, similar, differs, ...suggestion };
}

async function suggestionFor(
  flow: RecordedFlow,
  snapshot: InventorySnapshot,
  weighed: Weighed | undefined,
  options: WithFiles,
): Promise<Pick<Explanation, 'suggestion' | 'noSuggestion'>> {
  if (weighed === undefined)
    return { suggestion: undefined, noSuggestion: 'The policies of that time are not known.' };
  const objects = objectsOf(snapshot, flow);
  return toldSuggestion(flow, { ...options, engine: weighed.engine, objects });
}

function weigh(
  flow: RecordedFlow,
  snapshot: InventorySnapshot,
  { engines, dataplane }: ExplainOptions,
): Weighed {
  const engine = engines.of(objectsOf(snapshot, flow), dataplane);
  return weighWith(engine, flow, dataplane);
}

const objectsOf = (snapshot: InventorySnapshot, flow: RecordedFlow) =>
  ofCluster(snapshot, {
    cluster: clusterOf(flow),
    namespaces: concernedBy(flow).namespaces,
  });

/** The end that denies first, then the one that is open. */
const RANK = { deny: 0, undetermined: 1, allow: 2 } as const;

function toldEnds(
  { traces, judgement }: Weighed,
  asked: Asked,
  places: PlaceOf,
): readonly EndExplanation[] {
  const port = portText(judgement.connection);
  return traces
    .map((trace) => ({
      ...toldTrace(trace, trace.question.way === 'egress' ? asked.client : asked.server, places),
      sentence: endSentence(trace, { ...asked, port }),
    }))
    .toSorted((a, b) => RANK[a.verdict] - RANK[b.verdict]);
}

function toldSnapshot(
  engine: Engine,
  snapshot: InventorySnapshot,
  of: PolicySnapshot['of'],
  dataplane: Dataplane,
): PolicySnapshot {
  return {
    at: formatTime(snapshot.at),
    of,
    dataplane,
    policies: new Set(engine.stages.flatMap(({ policies }) => policies.map(({ key }) => key))).size,
    assumed:
      dataplane === 'cilium'
        ? ['policy enforcement mode default', 'host firewall off', 'blocks match no pods']
        : [],
    notEnforced: engine.notEnforced.map(nameOf),
  };
}

const toldTimes = ({ lastAllowed, firstDropped }: Times): Explanation['timeline'] => ({
  lastAllowed: lastAllowed && { seq: lastAllowed.seq, at: formatTime(lastAllowed.observedAt) },
  firstDropped: firstDropped && { seq: firstDropped.seq, at: formatTime(firstDropped.observedAt) },
});

/** Where nothing was allowed before, changes are looked for this long before the first drop. */
const LOOK_BACK = 3600n * NANOS_PER_SECOND;
/** Nodes follow a change within seconds, and clocks differ. */
const SLACK = 5n * NANOS_PER_SECOND;

async function changesBetween(
  flow: RecordedFlow,
  { lastAllowed, firstDropped = flow }: Times,
  { inventory, engines, dataplane }: ExplainOptions,
): Promise<readonly Change[]> {
  const from = lastAllowed?.observedAt ?? firstDropped.observedAt - LOOK_BACK;
  const [before, after] = await Promise.all([
    inventory.asOf(nanos(from - SLACK)),
    inventory.asOf(seenAt(flow, inventory)),
  ]);
  if (after.coveredSince === undefined || before.coveredSince === undefined) return [];
  const now = objectsOf(after, flow);
  return rankChanges(objectChanges(objectsOf(before, flow), now, after.at), {
    engines,
    after: now,
    dataplane,
    denies: (engine) => weighWith(engine, flow, dataplane).judgement.verdict === 'deny',
    concerned: concernedBy(flow),
    firstDropped: firstDropped.observedAt,
  });
}

function concernedBy(flow: RecordedFlow): Concerned {
  const ends = [flow.source, flow.destination];
  return {
    namespaces: new Set(ends.map(({ namespace }) => namespace).filter((name) => name !== '')),
    pods: new Set(ends.map(({ namespace, pod }) => `${namespace}/${pod}`)),
    addresses: new Set([flow.sourceIp, flow.destinationIp]),
  };
}
