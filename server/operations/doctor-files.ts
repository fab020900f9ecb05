import { readdirSync, statfsSync, statSync } from 'node:fs';
import { CONTROL_FILE } from '../store/control/open-control.ts';
import { FILE } from '../store/sqlite/database.ts';
import type { FileCheckName, Finding } from './diagnosis.ts';

type FileCheckOptions = {
  readonly directory: string;
  /** Of SQLite. */
  readonly version: string;
};

/** Before it, a checkpoint at a bad moment could corrupt a database (https://sqlite.org/wal.html, "The WAL-Reset Bug"). */
const OLDEST_SQLITE = [3, 51, 3] as const;

/** What belongs into a data directory; all else is named. */
const KNOWN = new Set([
  ...[FILE, CONTROL_FILE].flatMap((file) => ['', '-wal', '-shm'].map((suffix) => file + suffix)),
  ...['', '-journal'].map((suffix) => `dropwise.lock${suffix}`),
  'DEMO',
  'calico',
]);

const LOW_BYTES = 1024 ** 3;
const ANYTHING_FOR_OTHERS = 0o077;

/** What surrounds a store: nothing here means that flows are damaged. */
export function checkFiles({ directory, version }: FileCheckOptions): readonly Finding[] {
  return [
    finding(
      'sqlite',
      version,
      isOld(version) && `${version} is older than ${OLDEST_SQLITE.join('.')}`,
    ),
    checkNames(directory),
    checkModes(directory),
    checkSpace(directory),
  ];
}

const finding = (check: FileCheckName, detail: string, warning: string | false): Finding => ({
  check,
  state: warning === false ? 'ok' : 'warning',
  detail: warning === false ? detail : warning,
  damaged: [],
});

function isOld(version: string): boolean {
  const parts = version.split('.').map(Number);
  for (const [place, oldest] of OLDEST_SQLITE.entries()) {
    const part = parts[place] ?? 0;
    if (part !== oldest) return part < oldest;
  }
  return false;
}

function checkNames(directory: string): Finding {
  const names = readdirSync(directory);
  const others = names.filter((name) => !KNOWN.has(name)).toSorted();
  const detail = `${names.length} files`;
  return finding('files', detail, others.length > 0 && `not of the store: ${others.join(', ')}`);
}

/** Flows are a map for an attacker. A closed directory keeps others from whatever lies in it. */
function checkModes(directory: string): Finding {
  const isOpen = (statSync(directory).mode & ANYTHING_FOR_OTHERS) !== 0;
  const warning = `others may look into ${directory}; chmod 700 it`;
  return finding('permissions', 'for the owner only', isOpen && warning);
}

function checkSpace(directory: string): Finding {
  const { bavail, bsize } = statfsSync(directory);
  const free = bavail * bsize;
  const detail = `${(free / LOW_BYTES).toFixed(1)} GiB free`;
  return finding('space', detail, free < LOW_BYTES && `${detail}: less than 1 GiB`);
}
