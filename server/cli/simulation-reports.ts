import type { SimulatedEdgeJson, SimulationJson } from '../operations/audit/simulation-json.ts';
import { breaking } from './simulation-text.ts';

const edgeText = ({ from, to, port }: SimulatedEdgeJson): string => `${from} → ${to} ${port}`;

/** Where a policy is written, relative to where the command runs; `undefined` where it is in no file. */
export type PlaceOf = (policy: {
  readonly kind: string;
  readonly policy: string;
}) => { readonly file: string } | undefined;

const RULES = [
  {
    id: 'newly-denied',
    shortDescription: { text: 'A recorded connection would be denied' },
    defaultConfiguration: { level: 'error' },
  },
  {
    id: 'undecided',
    shortDescription: { text: 'A fact is missing to say whether a recorded connection would pass' },
    defaultConfiguration: { level: 'warning' },
  },
] as const;

/** SARIF 2.1.0, as code scanning takes it; a result stands at the policy that decides. */
export function simulationSarif(told: SimulationJson, version: string, placeOf: PlaceOf): string {
  const results = told.edges.filter(({ outcome }) => outcome !== 'newly-allowed');
  return `${JSON.stringify(
    {
      $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
      version: '2.1.0',
      runs: [
        {
          tool: { driver: { name: 'dropwise', version, rules: RULES } },
          results: results.map((edge) => sarifResult(edge, placeOf)),
        },
      ],
    },
    undefined,
    2,
  )}\n`;
}

function sarifResult(edge: SimulatedEdgeJson, placeOf: PlaceOf): object {
  const places = edge.decidedBy.flatMap((policy) => placeOf(policy) ?? []);
  return {
    ruleId: edge.outcome,
    level: edge.outcome === 'newly-denied' ? 'error' : 'warning',
    message: { text: `${edgeText(edge)}: ${edge.why} (${edge.events} events, ${edge.rhythm})` },
    partialFingerprints: { edge: `${edge.outcome} ${edge.cluster} ${edgeText(edge)}` },
    ...(places.length > 0 && {
      locations: places.map(({ file }) => ({
        physicalLocation: { artifactLocation: { uri: file } },
      })),
    }),
    ...(edge.accepted !== null && {
      suppressions: [{ kind: 'external', justification: edge.accepted }],
    }),
  };
}

/** JUnit, one case for each edge that changes; what stays as it is makes no case. */
export function simulationJunit(told: SimulationJson): string {
  const cases = told.edges.filter(({ outcome }) => outcome !== 'newly-allowed');
  const skipped = cases.length - breaking(told).length;
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites name="dropwise simulate" tests="${cases.length}" failures="${breaking(told).length}" skipped="${skipped}">`,
    `  <testsuite name="recorded edges" tests="${cases.length}" failures="${breaking(told).length}" skipped="${skipped}">`,
    ...cases.map(junitCase),
    '  </testsuite>',
    '</testsuites>',
    '',
  ].join('\n');
}

function junitCase(edge: SimulatedEdgeJson): string {
  const { outcome, accepted, why, events, lastAt } = edge;
  const detail = `${why}; ${events} events, last ${lastAt}`;
  const inner =
    accepted !== null
      ? `<skipped message="${xml(`accepted: ${accepted}`)}"/>`
      : outcome === 'undecided'
        ? `<skipped message="${xml(detail)}"/>`
        : `<failure message="${xml(why)}">${xml(detail)}</failure>`;
  return `    <testcase classname="${xml(edge.from)}" name="${xml(edgeText(edge))}">${inner}</testcase>`;
}

/** Characters that XML 1.0 does not have are left out. */
const xml = (text: string): string =>
  text
    // eslint-disable-next-line no-control-regex -- these are what XML forbids
    .replaceAll(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, '')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
