import { eitherWay } from './either-way.ts';
import { evaluateEnd, type EndVerdict } from './evaluate.ts';
import type { Connection, Judged, Party } from './facts.ts';
import type { DataplaneRules, MissingFact, Question, Way, World } from './form.ts';
import type { SelectingStage } from './outcome.ts';
import { backendsOf, seenAs, serviceAt } from './places.ts';
import type { PolicySet } from './policy-set.ts';
import { selectingStage } from './selecting.ts';

export type Verdict = 'allow' | 'deny' | 'undetermined';

export type Judgement = {
  /** Both ends together: `deny` if either denies, else `undetermined` if either is, else `allow`. */
  readonly verdict: Verdict;
  /** The connection that was judged: that of a reply, behind a service. */
  readonly connection: Connection;
  /** What the policies of the client decide; `undefined`: it is not subject to policy. */
  readonly egress: EndVerdict | undefined;
  readonly ingress: EndVerdict | undefined;
  /** Facts that the whole of it lacks, besides those that each end lacks. */
  readonly missing: readonly MissingFact[];
};

export type Engine = {
  readonly world: World;
  readonly stages: readonly SelectingStage[];
  /** Policies of the set that this cluster does not enforce. */
  readonly notEnforced: PolicySet['policies'];
  judge(judged: Judged): Judgement;
  /** What the policies of one end are asked. */
  question(connection: Connection, way: Way): Question;
  /** What one end decides; `undefined`: it is not subject to policy. */
  decide(question: Question): EndVerdict | undefined;
};

export type EngineOptions = {
  readonly policies: PolicySet;
  readonly rules: DataplaneRules;
  readonly world: Omit<World, 'references'>;
};

/** Weighs connections against one set of policies in one cluster, as one kind of dataplane does. */
export function createEngine({ policies, rules, world: facts }: EngineOptions): Engine {
  const world: World = { ...facts, references: policies.references };
  const enforces = ({ family }: { family: Parameters<DataplaneRules['enforces']>[0] }): boolean =>
    rules.enforces(family, world.settings);
  const enforced = policies.policies.filter(enforces);
  const stages = rules.stages(enforced, world).map(selectingStage);
  const engine: Engine = {
    world,
    stages,
    notEnforced: policies.policies.filter((policy) => !enforces(policy)),
    judge: (judged) => judgeReply(engine, judged),
    question: (connection, way) => questionOf(world, connection, way),
    decide: (question) => eitherWay(question, (asked) => evaluateEnd(asked, rules, stages)),
  };
  return engine;
}

function questionOf(world: World, connection: Connection, way: Way): Question {
  const client = seenAs(world.facts, connection.client);
  const server = seenAs(world.facts, connection.server);
  const clientIp = connection.clientIp ?? onlyIp(connection.client);
  const serverIp = connection.serverIp ?? onlyIp(connection.server);
  return way === 'egress'
    ? {
        connection,
        way,
        subject: client,
        subjectIp: clientIp,
        peer: server,
        peerIp: serverIp,
        world,
      }
    : {
        connection,
        way,
        subject: server,
        subjectIp: serverIp,
        peer: client,
        peerIp: clientIp,
        world,
      };
}

function onlyIp(party: Party): string | undefined {
  switch (party.kind) {
    case 'pod':
    case 'node':
      return party.ips.length === 1 ? party.ips[0] : undefined;
    case 'address':
    case 'unresolved':
    case 'reserved':
      return party.ip === '' ? undefined : party.ip;
  }
}

function judgeReply(engine: Engine, { connection, reply }: Judged): Judgement {
  if (reply === 'no') return judgeService(engine, connection);
  const turned = judgeService(engine, turnedRound(connection));
  if (reply === 'yes') return turned;
  const forward = judgeService(engine, connection);
  if (forward.verdict === turned.verdict) return forward;
  return { ...forward, verdict: 'undetermined', missing: [REPLY, ...forward.missing] };
}

const REPLY: MissingFact = { kind: 'reply', text: 'whether the packet is a reply' };

function turnedRound(connection: Connection): Connection {
  return {
    ...connection,
    client: connection.server,
    server: connection.client,
    clientIp: connection.serverIp,
    serverIp: connection.clientIp,
    port: connection.sourcePort,
    sourcePort: connection.port,
    icmp: openedBy(connection),
  };
}

/** Types of ICMP replies, and those of the requests that they answer. */
const REQUESTS: Readonly<Record<string, ReadonlyMap<number, number>>> = {
  ICMP: new Map([
    [0, 8],
    [14, 13],
  ]),
  ICMPv6: new Map([[129, 128]]),
};

function openedBy({ protocol, icmp }: Connection): Connection['icmp'] {
  const request = icmp === undefined ? undefined : REQUESTS[protocol]?.get(icmp.type);
  return request === undefined ? icmp : { type: request, code: icmp?.code };
}

/** Policies see what is behind a service. Where several are and they differ, the verdict is open. */
function judgeService(engine: Engine, connection: Connection): Judgement {
  const { facts } = engine.world;
  const service = serviceAt(facts, connection.server);
  const ip = connection.server.kind === 'address' ? connection.server.ip : '';
  if (service === undefined || connection.port === undefined) return judgeEnds(engine, connection);
  const { port, protocol } = connection;
  const judgements = backendsOf(facts, service, { ip, port, protocol }).map((backend) =>
    judgeEnds(engine, {
      ...connection,
      server: backend.party,
      serverIp: backend.ip,
      port: backend.port,
    }),
  );
  const [first] = judgements;
  if (first === undefined) return judgeEnds(engine, connection);
  if (judgements.every(({ verdict }) => verdict === first.verdict)) return first;
  const text = `which pod the service ${service.namespace}/${service.name} led to`;
  return { ...first, verdict: 'undetermined', missing: [{ kind: 'peer', text }, ...first.missing] };
}

function judgeEnds(engine: Engine, connection: Connection): Judgement {
  const egress = engine.decide(engine.question(connection, 'egress'));
  const ingress = engine.decide(engine.question(connection, 'ingress'));
  return { verdict: bothEnds(egress, ingress), connection, egress, ingress, missing: [] };
}

function bothEnds(...ends: readonly (EndVerdict | undefined)[]): Verdict {
  const verdicts = ends.map((end) => end?.verdict ?? 'allow');
  if (verdicts.includes('deny')) return 'deny';
  return verdicts.includes('undetermined') ? 'undetermined' : 'allow';
}
