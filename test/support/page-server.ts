import { startServer, type RunningServer } from '../../server/app.ts';
import { loadSettings } from '../../server/config.ts';
import type { SourceSetting } from '../../server/core/source-setting.ts';
import { createLogger } from '../../server/lib/log.ts';

/** The whole server in this process, on a free port, with the built page. No sources: the demo. */
export function startTestServer(
  data: string,
  sources: readonly SourceSetting[] = [],
): Promise<RunningServer> {
  const settings = loadSettings({ data, port: '0' }, {});
  return startServer({ ...settings, sources: [...sources] }, { log: createLogger('error') });
}
