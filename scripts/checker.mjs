// The compiler's checker over what pages download, for the parts of a build that need to know what the sources mean.

import { relative, resolve } from 'node:path'
import { API } from 'typescript/unstable/sync'

/** What `read` makes of the project and the paths of its modules. */
export async function withChecker(root, read) {
  const api = new API({ cwd: root })
  try {
    const config = resolve(root, 'scripts/words.tsconfig.json')
    const project = api.updateSnapshot({ openProjects: [config] }).getProject(config)
    const modules = project.program
      .getSourceFileNames()
      .map(path => relative(root, path))
      .filter(path => path.startsWith('src/'))
    return await read({ root, project, modules })
  } finally {
    api.close()
  }
}
