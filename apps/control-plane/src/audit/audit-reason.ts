/** What a reason means, and what the person who reads it can do. */
export interface ReasonText {
  meaning: string
  remedy: string
}

/** Why a login was refused or could not be decided. Closed: the login maps every denial to one of them. */
const loginReasons = {
  'identity-unknown': {
    meaning: 'No identity has the id that the caller sent.',
    remedy: 'Compare the identity id in the workload with the one on the identity’s page.',
  },
  'identity-disabled': {
    meaning: 'The identity is disabled.',
    remedy: 'Enable the identity, or stop the workload that still uses it.',
  },
  'kubernetes-auth-missing': {
    meaning: 'The identity exists but has no Kubernetes Auth.',
    remedy: 'Attach Kubernetes Auth to the identity, or correct the id that the workload sends.',
  },
  'organization-mismatch': {
    meaning: 'The identity does not belong to the organization that the caller named.',
    remedy: 'Send the slug of the identity’s own organization, or leave it out.',
  },
  'token-malformed': {
    meaning: 'What was sent as the service-account token is not a signed JWT.',
    remedy: 'Send the content of the projected token file, unchanged.',
  },
  'token-expired': {
    meaning: 'The service-account token says itself that it has expired.',
    remedy: 'Read the token file again before each login: the kubelet replaces it in time.',
  },
  'token-not-authenticated': {
    meaning: 'The cluster looked at the service-account token and refused it.',
    remedy:
      'Check that the token comes from the cluster of this configuration, has not expired, names the required ' +
      'audience, and that its pod and service account still exist.',
  },
  'review-audience-missing': {
    meaning: 'The cluster accepted the token but did not confirm the required audience.',
    remedy: 'Request the projected token with the audience that the identity requires.',
  },
  'username-malformed': {
    meaning: 'The cluster vouched for a user that is not a service account.',
    remedy: 'Log in with a service account’s token; users, nodes and bootstrap tokens are never accepted.',
  },
  'service-account-group-missing': {
    meaning: 'The cluster named a service account without the group system:serviceaccounts.',
    remedy: 'Look at what answers as the Kubernetes API: an honest API server always lists the group.',
  },
  'namespace-not-allowed': {
    meaning: 'The service account’s namespace is not among the allowed ones.',
    remedy: 'Add the namespace to the allowed namespaces of the identity or gateway, if it should log in.',
  },
  'name-not-allowed': {
    meaning: 'The service account’s name is not among the allowed ones.',
    remedy: 'Add the name to the allowed names of the identity or gateway, if it should log in.',
  },
  'audience-not-allowed': {
    meaning: 'The token’s audiences do not hold the one that the identity requires.',
    remedy: 'Request the projected token with the audience that the identity requires.',
  },
  'api-server-unreachable': {
    meaning: 'The cluster’s API server could not be reached.',
    remedy: 'Check the Kubernetes host and the network between; for a private cluster use a gateway.',
  },
  'api-server-timeout': {
    meaning: 'The cluster’s API server did not answer in time.',
    remedy: 'Look at the API server’s load and latency.',
  },
  'api-server-overloaded': {
    meaning: 'The cluster’s API server refused the review because it is overloaded (429).',
    remedy: 'Look at API priority and fairness for the reviewer’s service account.',
  },
  'api-server-error': {
    meaning: 'The cluster’s API server answered the review with an error.',
    remedy: 'Read the status in the details and the API server’s own log.',
  },
  'reviewer-unauthorized': {
    meaning: 'The cluster did not accept the reviewer’s own credential (401).',
    remedy: 'Replace the token reviewer JWT: it has expired or its service account is gone.',
  },
  'reviewer-forbidden': {
    meaning: 'The reviewer may not create token reviews (403).',
    remedy: 'Bind the reviewer’s service account to the cluster role system:auth-delegator.',
  },
  'tls-failed': {
    meaning: 'The API server’s certificate could not be verified.',
    remedy: 'Give the cluster’s CA certificate, and a host name that the certificate carries.',
  },
  'host-not-allowed': {
    meaning:
      'The Kubernetes host leads to an address that Postern, or the gateway on the way, does not dial.',
    remedy:
      'Use a gateway for a private cluster, and add the host to its POSTERN_ALLOWED_KUBERNETES_HOSTS. Without one, POSTERN_ALLOW_INTERNAL_KUBERNETES_HOSTS=true at the control plane opens loopback and private addresses; no setting opens link-local ones or metadata services.',
  },
  'malformed-answer': {
    meaning: 'The answer to the review was not a TokenReview.',
    remedy: 'Check that the Kubernetes host is an API server and not a proxy’s page.',
  },
  'gateway-unavailable': {
    meaning: 'No gateway that may review for this identity is connected.',
    remedy: 'Look at the gateway’s page and its log; add a second gateway for failover.',
  },
  'gateway-overloaded': {
    meaning: 'Every gateway that may review for this identity is at its limit.',
    remedy: 'Add gateways, or raise their limit of reviews in flight.',
  },
  'deadline-exceeded': {
    meaning: 'The login’s time was over before the cluster’s verdict arrived.',
    remedy: 'Look at the latency of the gateway and of the API server.',
  },
  'configuration-changed': {
    meaning: 'The identity or its Kubernetes Auth was changed while the cluster was being asked.',
    remedy: 'Nothing: the workload tries again and is judged by the new configuration.',
  },
  'caller-left': {
    meaning: 'The caller closed its connection before the cluster’s verdict arrived.',
    remedy: 'Give the client a time-out of more than 10 seconds, and look at the latency of the review.',
  },
  'rate-limited': {
    meaning: 'Too many logins came from this address or for this identity.',
    remedy: 'Make the workload keep its access token instead of logging in each time.',
  },
} as const satisfies Record<string, ReasonText>

/** Why a login with a client secret was refused, beside what any login may be refused for. */
const clientSecretReasons = {
  'client-id-unknown': {
    meaning: 'No identity has the client id that the caller sent.',
    remedy: 'Compare the client id in the workload with the one on the identity’s page.',
  },
  'client-secret-wrong': {
    meaning: 'The client id exists, but what the caller sent is none of its secrets.',
    remedy:
      'Create a new client secret and give it to the workload unchanged. If nobody uses it, somebody guesses.',
  },
  'client-secret-revoked': {
    meaning: 'The client secret has been revoked.',
    remedy: 'Create a new client secret, or stop the workload that still uses the old one.',
  },
  'client-secret-expired': {
    meaning: 'The client secret’s TTL is over.',
    remedy: 'Create a new client secret; one with the TTL 0 never expires.',
  },
  'client-secret-exhausted': {
    meaning: 'The client secret has been used as often as it may be, or it ended in this very moment.',
    remedy: 'Create a new client secret, with a higher limit of uses or with none (0).',
  },
  'address-locked-out': {
    meaning: 'This address sent too many wrong client secrets and is locked out for a while. Others are not.',
    remedy: 'Correct the secret in the workload, then clear the lockouts of the identity or wait.',
  },
} as const satisfies Record<string, ReasonText>

/** Why anything else was refused or failed. */
const otherReasons = {
  'permission-denied': {
    meaning: 'The actor’s role does not allow the action.',
    remedy: 'Give the actor a role that allows it.',
  },
  'token-revoked': {
    meaning: 'The access token has been revoked.',
    remedy: 'Log in again.',
  },
  'token-exhausted': {
    meaning: 'The access token has been used as often as it may be.',
    remedy: 'Log in again, or raise the limit of uses.',
  },
  'token-budget-exhausted': {
    meaning: 'The access token has reached its maximum lifetime and cannot be extended.',
    remedy: 'Log in again. For renewal to be of use, the maximum TTL must be larger than the TTL.',
  },
  'revocations-unknown': {
    meaning: 'The replica could not read revocations for some seconds, so it accepted no access token.',
    remedy: 'Look at the database and at the replica’s connection to it.',
  },
  'address-not-trusted': {
    meaning: 'The caller’s address is not among the trusted addresses.',
    remedy: 'Add the address to the trusted addresses, or check the configuration of trusted proxies.',
  },
  'credentials-wrong': {
    meaning: 'The e-mail address or the password is wrong.',
    remedy: 'Try again, or have the password set anew.',
  },
  'user-disabled': {
    meaning: 'The user is disabled.',
    remedy: 'Enable the user.',
  },
  'enrolment-token-unknown': {
    meaning: 'No enrolment token is what the caller sent.',
    remedy: 'Create a new enrolment token, and give it to the gateway unchanged.',
  },
  'enrolment-token-used': {
    meaning: 'The enrolment token was used before, for another key.',
    remedy:
      'If a process of the same gateway used it, nothing is wrong; if none did, revoke the gateway. Each token works ' +
      'once: create a new one.',
  },
  'enrolment-token-expired': {
    meaning: 'The enrolment token is older than an hour.',
    remedy: 'Create a new enrolment token.',
  },
  'enrolment-token-superseded': {
    meaning: 'A newer enrolment token was created for the gateway, or the gateway was revoked since.',
    remedy: 'Use the newest enrolment token.',
  },
  'public-key-invalid': {
    meaning: 'What was sent as the gateway’s public key is no usable Ed25519 key. The token was not spent.',
    remedy: 'Have the gateway make its key itself.',
  },
  'public-key-known': {
    meaning: 'The gateway’s key was enrolled before. The token was not spent.',
    remedy: 'Remove the old credential, so that the gateway makes a new key.',
  },
  'gateway-key-unknown': {
    meaning: 'The gateway’s key is not registered: it was never enrolled here, or the gateway was deleted.',
    remedy: 'Enrol the gateway again with a new enrolment token.',
  },
  'gateway-key-retired': {
    meaning: 'The gateway’s key was replaced by a newer one.',
    remedy: 'Stop the process that still uses it, or enrol it with a new enrolment token.',
  },
  'gateway-unknown': {
    meaning: 'No gateway has the id that the caller sent.',
    remedy: 'Compare POSTERN_GATEWAY_ID in the gateway’s manifest with the id on the gateway’s page.',
  },
  'gateway-method-mismatched': {
    meaning: 'The gateway does not enrol with its pod’s token.',
    remedy: 'Give it an enrolment token, or set its authentication method to kubernetes.',
  },
  'rotation-too-early': {
    meaning: 'The gateway wanted to replace a key that was only seconds old.',
    remedy: 'If it does so again and again, look at its log, and at the interval that it was given.',
  },
  'gateway-proof-invalid': {
    meaning:
      'The gateway’s token names a registered key but was not signed with it, or names another gateway; or a key ' +
      'rotation was not signed with the new key.',
    remedy: 'Somebody may try to pass for the gateway: look at the address.',
  },
  'gateway-token-malformed': {
    meaning: 'What was sent as the gateway’s token is not the JWT that a gateway makes.',
    remedy: 'Check the gateway’s version, and proxies that change the Authorization header.',
  },
  'audience-mismatched': {
    meaning: 'The gateway’s token was made for another control plane, or for another URL of this one.',
    remedy: 'Give the gateway the control plane’s public URL, or the control plane its own (POSTERN_URL).',
  },
  'gateway-revoked': {
    meaning: 'The gateway has been revoked.',
    remedy: 'Enrol the gateway again, if it should come back.',
  },
  'token-replayed': {
    meaning: 'A single-use credential was presented a second time.',
    remedy: 'Look for a proxy that repeats requests, or for a stolen credential.',
  },
  'clock-skewed': {
    meaning: 'The credential’s times are too far from this machine’s clock.',
    remedy: 'Synchronize the clocks of the gateway and of the control plane.',
  },
  'cluster-mismatched': {
    meaning: 'The gateway stands in another cluster than the gateways of its pool.',
    remedy:
      'Remove it from the pool: a pool is of one cluster. If the whole pool moved, remove all its members and add them again.',
  },
  'internal-error': {
    meaning: 'Postern itself failed.',
    remedy: 'Look up the request id in the control plane’s log.',
  },
} as const satisfies Record<string, ReasonText>

export type LoginDenialReason = keyof typeof loginReasons
export type UniversalLoginDenialReason =
  | keyof typeof clientSecretReasons
  | Extract<LoginDenialReason, 'identity-disabled' | 'organization-mismatch' | 'rate-limited'>
  | Extract<keyof typeof otherReasons, 'address-not-trusted'>
export type AuditReason = LoginDenialReason | keyof typeof clientSecretReasons | keyof typeof otherReasons

const texts: ReadonlyMap<string, ReasonText> = new Map(
  Object.entries({ ...loginReasons, ...clientSecretReasons, ...otherReasons }),
)

/** Meaning and remedy in one text; undefined for a reason that this version does not know. */
export function explainReason(reason: string): string | undefined {
  const text = reasonTextOf(reason)
  return text === undefined ? undefined : `${text.meaning} ${text.remedy}`
}

/** Undefined for a reason that this version does not know. */
export function reasonTextOf(reason: string): ReasonText | undefined {
  return texts.get(reason)
}

export function isLoginDenialReason(reason: string): reason is LoginDenialReason {
  return Object.hasOwn(loginReasons, reason)
}
