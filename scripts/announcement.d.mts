/** Where the page is, for people, and how phones come to it. `others` are this machine's addresses in its networks. */
export function announcement(
  listening: { address: string; port: number },
  isSecure: boolean,
  others: readonly string[],
): string
