import type { SourceSetting } from '../core/source-setting.ts';
import type { Clock } from '../lib/clock.ts';
import { calicoFile } from './calico-file.ts';
import type { FlowSource, ReportSource } from './flow-source.ts';
import { goldmanePush } from './goldmane-push.ts';
import { goldmane } from './goldmane.ts';
import { hubbleFile } from './hubble-file.ts';
import { hubbleRelay } from './hubble-relay.ts';

export type CreateSourceOptions = {
  readonly setting: SourceSetting;
  readonly name: string;
  readonly clock: Clock;
  readonly report: ReportSource;
};

/** Makes the source that a setting describes; it reads nothing yet. */
export function createSource({ setting, ...common }: CreateSourceOptions): FlowSource {
  switch (setting.kind) {
    case 'hubble-relay':
      return hubbleRelay({
        ...common,
        address: setting.address,
        ...(setting.tls === undefined ? {} : { tls: setting.tls }),
        ...(setting.backlog === undefined ? {} : { backlog: setting.backlog }),
      });
    case 'hubble-file':
      return hubbleFile({ ...common, path: setting.path, node: setting.node ?? '' });
    case 'calico-file':
      return calicoFile({ ...common, path: setting.path, node: setting.node ?? '' });
    case 'goldmane':
      return goldmane({ ...common, address: setting.address, tls: setting.tls });
    case 'goldmane-push':
      return goldmanePush({ ...common, listen: setting.listen, tls: setting.tls });
  }
}
