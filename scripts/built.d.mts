export function digestOf(root: string): Promise<string>
export function isBuilt(root: string, digest: string): Promise<boolean>
export function noteBuilt(root: string, digest: string): Promise<void>
