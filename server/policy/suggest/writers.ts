import type { Family } from '../form.ts';
import { calicoWriter } from './calico-writer.ts';
import { ciliumWriter } from './cilium-writer.ts';
import { kubernetesWriter } from './kubernetes-writer.ts';
import type { RuleWriter } from './rule-writer.ts';

/** Families that suggestions are written in. */
export const WRITERS: Readonly<Partial<Record<Family, RuleWriter>>> = {
  k8s: kubernetesWriter,
  cilium: ciliumWriter,
  calico: calicoWriter,
};
