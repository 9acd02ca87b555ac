/** Returns where the tarball lies in `folder`, and the paths of the files in it. */
export function packTarball(folder: string): Promise<{ path: string; files: string[] }>
