export function beginBuild(root: string): Promise<(() => Promise<void>) | undefined>
