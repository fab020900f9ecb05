import type { SimulatedEdgeJson, SimulationJson } from '../operations/audit/simulation-json.ts';
import { escapeControls } from './print.ts';

const TITLES: Readonly<Record<SimulatedEdgeJson['outcome'], string>> = {
  'newly-denied': 'Would be denied',
  undecided: 'Not decided',
  'newly-allowed': 'Would be allowed',
};

export const OUTCOMES = Object.keys(TITLES) as readonly SimulatedEdgeJson['outcome'][];

/** What fails a check: edges that would be denied and that nobody accepted. */
export const breaking = ({ edges }: SimulationJson): readonly SimulatedEdgeJson[] =>
  edges.filter(({ outcome, accepted }) => outcome === 'newly-denied' && accepted === null);

/** One sentence. */
export function summaryText(told: SimulationJson): string {
  const { counts, edges } = told;
  const broken = breaking(told).length;
  const of = edges.length + counts.unchanged;
  const denied =
    broken === 0
      ? 'No recorded edge would be newly denied'
      : `${broken} of ${of} recorded edges would be newly denied`;
  const accepted = counts.accepted === 0 ? '' : `, ${counts.accepted} more are accepted`;
  return `${denied}${accepted}; ${counts.undecided} cannot be decided, ${counts['newly-allowed']} would be newly allowed.`;
}

/** For a comment on a pull request. */
export function simulationMarkdown(told: SimulationJson): string {
  const sections = OUTCOMES.flatMap((outcome) => {
    const edges = told.edges.filter((edge) => edge.outcome === outcome);
    if (edges.length === 0) return [];
    return [
      `### ${TITLES[outcome]} (${edges.length})`,
      '',
      '| From | To | Port | Events | Last seen | How often | Why |',
      '| --- | --- | --- | --- | --- | --- | --- |',
      ...edges.map((edge) => `| ${markdownCells(edge).map(cell).join(' | ')} |`),
      '',
    ];
  });
  return [
    '## Network policy simulation',
    '',
    summaryText(told),
    '',
    ...sections,
    ...notesOf(told).map((note) => `- ${cell(note)}`),
    `- Flows of ${told.window.from} to ${told.window.to}; ${told.policies} policies.`,
    '',
  ].join('\n');
}

const markdownCells = (edge: SimulatedEdgeJson): readonly string[] => [
  edge.from,
  edge.to,
  edge.port,
  String(edge.events),
  edge.lastAt,
  edge.rhythm,
  edge.accepted === null ? edge.why : `${edge.why} — accepted: ${edge.accepted}`,
];

/** What records say must neither end a cell nor begin a link or a tag. */
const cell = (text: string): string =>
  escapeControls(text).replaceAll(/[\\|<>[\]`*_&]/g, (mark) => `\\${mark}`);

/** What a reader has to know besides. */
export function notesOf({ leftOut, expired, notEnforced }: SimulationJson): readonly string[] {
  const notes: string[] = [];
  if (leftOut.tooMany > 0)
    notes.push(
      `${leftOut.tooMany} events are in no edge: there are too many distinct connections.`,
    );
  if (expired.length > 0) notes.push(`Exceptions that hold no longer: ${expired.join('; ')}.`);
  if (notEnforced.length > 0)
    notes.push(`Not enforced by this dataplane: ${notEnforced.join(', ')}.`);
  return notes;
}
