import type { Connection } from '../facts.ts';
import type { Option, Predicate } from '../form.ts';
import { notUnderstood } from '../predicates/not-understood.ts';
import { predicateOf } from '../predicates/predicate.ts';
import { truthOf } from '../truth.ts';
import { choiceAt, fieldOf, refuse, textAt, unknownFields, type Place } from './manifest-fields.ts';

const KAFKA_FIELDS = ['role', 'apiKey', 'apiVersion', 'clientID', 'topic'] as const;

/** Requests that a role stands for, by their names in the Kafka protocol. */
const ROLES = {
  produce: ['produce', 'metadata', 'apiversions'],
  consume: [
    'fetch',
    'offsets',
    'metadata',
    'offsetcommit',
    'offsetfetch',
    'findcoordinator',
    'joingroup',
    'heartbeat',
    'leavegroup',
    'syncgroup',
    'apiversions',
  ],
} as const;

/** Requests that name topics; a rule's topic is not asked of others. */
const WITH_TOPIC: ReadonlySet<string> = new Set([
  'produce',
  'fetch',
  'offsets',
  'metadata',
  'leaderandisr',
  'stopreplica',
  'updatemetadata',
  'offsetcommit',
  'offsetfetch',
  'createtopics',
  'deletetopics',
  'deleterecords',
  'offsetforleaderepoch',
  'addpartitionstotxn',
  'writetxnmarkers',
  'txnoffsetcommit',
  'alterreplicalogdirs',
  'describelogdirs',
  'createpartitions',
]);

export function readKafka(place: Place): Option {
  const open = unknownFields(place, KAFKA_FIELDS).map(notUnderstood);
  const role = choiceAt(fieldOf(place, 'role'), ['produce', 'consume'] as const);
  const apiKey = textAt(fieldOf(place, 'apiKey')) ?? '';
  if (role !== undefined && apiKey !== '') refuse(place, 'must not have both "role" and "apiKey"');
  // Records do not tell the version of a request.
  const version = fieldOf(place, 'apiVersion');
  if ((textAt(version) ?? '') !== '') open.push(notUnderstood(version.path));
  const asked = role === undefined ? keyIs(fieldOf(place, 'apiKey'), apiKey) : roleIs(place, role);
  const predicates = [
    ...asked,
    ...clientIs(fieldOf(place, 'clientID')),
    ...topicIs(place),
    ...open,
  ];
  return { path: place.path, predicates };
}

function roleIs(place: Place, role: keyof typeof ROLES): readonly Predicate[] {
  const keys: ReadonlySet<string> = new Set(ROLES[role]);
  const test = (request: KafkaRequest): boolean => keys.has(request.apiKey.toLowerCase());
  return [kafkaPredicate(fieldOf(place, 'role'), { expected: `role ${role}`, test })];
}

function keyIs(place: Place, key: string): readonly Predicate[] {
  if (key === '') return [];
  const wanted = key.toLowerCase();
  const test = (request: KafkaRequest): boolean => request.apiKey.toLowerCase() === wanted;
  return [kafkaPredicate(place, { expected: `request ${key}`, test })];
}

function clientIs(place: Place): readonly Predicate[] {
  const client = textAt(place) ?? '';
  if (client === '') return [];
  const test = (request: KafkaRequest): boolean => request.clientId === client;
  return [kafkaPredicate(place, { expected: `client ${client}`, test })];
}

function topicIs(rule: Place): readonly Predicate[] {
  const place = fieldOf(rule, 'topic');
  const topic = textAt(place) ?? '';
  if (topic === '') return [];
  const test = ({ apiKey, topic: given }: KafkaRequest): boolean =>
    given === topic || !WITH_TOPIC.has(apiKey.toLowerCase());
  return [kafkaPredicate(place, { expected: `topic ${topic}`, test })];
}

type KafkaRequest = NonNullable<Connection['kafka']>;

function kafkaPredicate(
  { path }: Place,
  asked: { readonly expected: string; test(request: KafkaRequest): boolean },
): Predicate {
  return predicateOf({
    path,
    about: 'l7',
    expected: asked.expected,
    test: ({ connection: { kafka } }) =>
      kafka === undefined ? 'unknown' : truthOf(asked.test(kafka)),
    actual: ({ connection: { kafka } }) =>
      kafka === undefined
        ? 'the request is not known'
        : `${kafka.apiKey}, topic ${kafka.topic}, client ${kafka.clientId}`,
    missing: () => ({ kind: 'l7', text: 'the Kafka request' }),
  });
}
