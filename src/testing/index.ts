/**
 * A mesh in memory, for tests of apps. The fixture for Playwright is `gossamer/testing/playwright`.
 *
 * @module gossamer/testing
 */

export { createMesh, Mesh, type MeshOptions, type MeshPeer } from './mesh.js'
