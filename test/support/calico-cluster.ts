import { manifestsIn, type Manifest } from '../../server/core/manifest.ts';
import { readYamlDocuments } from '../../server/lib/yaml-documents.ts';
import type { CaseCluster, Probe } from '../../server/policy/cases/case-file.ts';
import { judgedOfProbe } from '../../server/policy/cases/case-probe.ts';
import { caseFacts, caseSettings } from '../../server/policy/cases/case-world.ts';
import { calicoRules } from '../../server/policy/dataplanes/calico.ts';
import { calicoDialect } from '../../server/policy/dialects/calico.ts';
import { adminDialect } from '../../server/policy/dialects/admin.ts';
import { kubernetesDialect } from '../../server/policy/dialects/kubernetes.ts';
import { createEngine, type Engine, type Judgement } from '../../server/policy/engine.ts';
import type { Judged } from '../../server/policy/facts.ts';
import type { DataplaneRules } from '../../server/policy/form.ts';
import { compilePolicies, type PolicySet } from '../../server/policy/policy-set.ts';

/** The manifests of a YAML text; one that cannot be read fails the test. */
export const manifestsOf = (text: string): readonly Manifest[] =>
  readYamlDocuments(text).flatMap((read) => {
    if (!read.ok) throw new Error(`line ${read.fault.line}: ${read.fault.message}`);
    return manifestsIn(read.document.value).map((found) => {
      if (!found.ok) throw new Error(found.fault.message);
      return found.manifest;
    });
  });

export const compileCalico = (manifests: readonly Manifest[]): PolicySet =>
  compilePolicies(manifests, [kubernetesDialect, adminDialect, calicoDialect]);

export type CalicoCluster = {
  readonly engine: Engine;
  ask(probe: AskedProbe): Judgement;
  judged(probe: AskedProbe): Judged;
};

export type AskedProbe = Partial<Probe> & Pick<Probe, 'src' | 'dst'>;

/** A Calico cluster with policies, all of which must be accepted. */
export function calicoCluster(
  cluster: CaseCluster,
  policies: string | readonly Manifest[],
  rules: DataplaneRules = calicoRules,
): CalicoCluster {
  const set = compileCalico(typeof policies === 'string' ? manifestsOf(policies) : policies);
  if (set.refused.length > 0) throw new Error(JSON.stringify(set.refused));
  const facts = caseFacts(cluster);
  const engine = createEngine({
    policies: set,
    rules,
    world: { dataplane: 'calico', facts, settings: caseSettings() },
  });
  const judged = (probe: AskedProbe): Judged => {
    const read = judgedOfProbe({ id: 1, protocol: 'TCP', expect: 'allow', ...probe }, facts);
    if (typeof read === 'string') throw new Error(read);
    return read;
  };
  return { engine, judged, ask: (probe) => engine.judge(judged(probe)) };
}
