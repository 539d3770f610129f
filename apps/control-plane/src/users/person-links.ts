/** What people open in a browser. */
export interface PersonLinks {
  invitation(token: string): string
  passwordReset(token: string): string
}

/** The token stands behind the `#`: browsers send that part to nobody, so that it is in no log and no `Referer`. */
export function createPersonLinks(publicUrl: string): PersonLinks {
  const base = publicUrl.replace(/\/+$/, '')
  return {
    invitation: (token) => `${base}/invitation#${token}`,
    passwordReset: (token) => `${base}/password-reset#${token}`,
  }
}
