import { NO_POLICY, type DropAdvice } from './entry.ts';

/** Reasons about Cilium's own programs. */
export const DATAPATH_ADVICE: readonly DropAdvice[] = [
  {
    code: 'DROP_REASON_UNKNOWN',
    means: 'The source says that the packet was dropped, and does not say why.',
    policy: {
      part: 'may',
      words: 'Not known. The record does not say whether a policy decided.',
    },
    causes: [
      'A field mask or an exporter left the reason out.',
      'A source that has no reasons for this kind of drop.',
    ],
    next: [
      'Other records of the same packet: a policy verdict just before may say more.',
      'Settings of the exporter.',
    ],
    commands: ['watch', 'policies'],
    checks: ['stale-connection', 'open-connection', 'address-owner', 'identity', 'protocols'],
    retina: {
      words: 'A hook of the kernel dropped it for a reason that Retina does not tell apart.',
      commands: ['rules'],
    },
  },
  {
    code: 'MISSED_TAIL_CALL',
    means:
      'The datapath is a chain of programs, and the next one was not there: it was being replaced, or failed to load.',
    policy: NO_POLICY,
    causes: [
      'The agent is upgrading or restarting and replaces its programs. A few drops are usual then.',
      'A program could not be loaded into this kernel.',
    ],
    next: [
      'Whether it lasts longer than the restart of the agent.',
      'Errors about loading programs in its log.',
    ],
    commands: ['logs', 'status', 'endpoints'],
    checks: ['identity'],
  },
  {
    code: 'NO_CONFIGURATION_AVAILABLE_TO_PERFORM_POLICY_DECISION',
    means: 'The endpoint had no policy program yet, so that nothing could be decided.',
    policy: NO_POLICY,
    causes: [
      'The pod just started or is ending.',
      'The agent could not make its programs for this pod.',
    ],
    next: ['State of the endpoint on the node.', 'Errors about it in the log of the agent.'],
    commands: ['endpoints', 'logs', 'pod'],
    checks: ['identity', 'address-owner'],
  },
  {
    code: 'INVALID_TC_BUFFER',
    means:
      'What one program of the datapath left for the next one was not there. The packet itself may be fine.',
    policy: NO_POLICY,
    causes: ['The programs were replaced between the two steps.', 'A fault in the datapath.'],
    next: ['Whether the agent restarted at that time, and known faults of the version.'],
    commands: ['logs', 'status'],
    checks: [],
  },
  {
    code: 'DROP_HOST_NOT_READY',
    means:
      "The packet is to or from the node, and the node's own program, with the host firewall, is not loaded yet.",
    policy: NO_POLICY,
    causes: [
      'The agent is starting: pods are attached before the node is.',
      "The node's program could not be loaded.",
    ],
    next: ['Whether it ends within a minute of the start of the agent.', 'Errors in its log.'],
    commands: ['logs', 'status', 'endpoints'],
    checks: ['identity'],
  },
  {
    code: 'DROP_EP_NOT_READY',
    means:
      "The pod's policy program is not there: the pod is about to start, or is ending and its program was already removed.",
    policy: NO_POLICY,
    causes: [
      'The pod is ending, and clients still send to it.',
      'The pod just started and gets traffic before it is ready.',
      'The agent could not make the program for this pod.',
    ],
    next: [
      'State of the endpoint, and whether the pod started or ended then.',
      'Readiness probe and preStop of the pod, so that traffic ends before it does.',
    ],
    commands: ['endpoints', 'pod', 'logs'],
    checks: ['identity', 'address-owner'],
  },
];
