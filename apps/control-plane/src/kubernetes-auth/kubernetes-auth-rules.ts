import type { KubernetesAuthSettings } from './kubernetes-auth.ts'
import { type NamePattern, matchesAnyPattern, parseNamePatterns } from './name-pattern.ts'
import type { ServiceAccountName } from './service-account-name.ts'

export type RuleName = 'namespace' | 'name' | 'audience'

/** One rule applied to one login, for the audit log. */
export interface RuleCheck {
  rule: RuleName
  isMet: boolean
  /** As the operator wrote it. */
  expected: string
  found: string
}

/** Who of a cluster may log in to an identity. */
export interface KubernetesAuthRules {
  /** What a review must ask for; empty when the identity requires no audience. */
  audiences: readonly string[]
  /** All rules in their fixed order: namespace, name, audience. A rule that restricts nothing is left out. */
  check(who: ServiceAccountName, tokenAudiences: readonly string[]): readonly RuleCheck[]
}

type RuleSettings = Pick<KubernetesAuthSettings, 'allowedNamespaces' | 'allowedNames' | 'allowedAudience'>

/** Throws for rules that could not have been saved: what cannot be read must not read as "everybody". */
export function compileKubernetesAuthRules(settings: RuleSettings): KubernetesAuthRules {
  const namespaces = compile(settings.allowedNamespaces)
  const names = compile(settings.allowedNames)
  if (namespaces.length === 0 && names.length === 0) throw new Error('Kubernetes Auth without any rule')
  const audience = settings.allowedAudience
  return {
    audiences: audience === '' ? [] : [audience],
    check: (who, tokenAudiences) => [
      ...checkName('namespace', settings.allowedNamespaces, namespaces, who.namespace),
      ...checkName('name', settings.allowedNames, names, who.name),
      ...checkAudience(audience, tokenAudiences),
    ],
  }
}

function compile(text: string): readonly NamePattern[] {
  const parsed = parseNamePatterns(text)
  if (!parsed.ok) throw new Error(`Kubernetes Auth with a rule that ${parsed.problem}`)
  return parsed.patterns
}

function checkName(
  rule: RuleName,
  expected: string,
  patterns: readonly NamePattern[],
  found: string,
): RuleCheck[] {
  if (patterns.length === 0) return []
  return [{ rule, isMet: matchesAnyPattern(patterns, found), expected, found }]
}

/** The API server answers with those of the asked audiences that the token is good for. */
function checkAudience(expected: string, found: readonly string[]): RuleCheck[] {
  if (expected === '') return []
  return [{ rule: 'audience', isMet: found.includes(expected), expected, found: found.join(',') }]
}
