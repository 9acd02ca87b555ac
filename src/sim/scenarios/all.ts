import { NEAR, RESTED, type Scenario, SETTINGS, TALK } from '../scenario.js'
import { rounds } from './rounds.js'

export const all: Scenario = {
  name: 'all',
  upstream: 'GossipAll',
  about: 'Everybody speaks at once: every peer says one message in every round.',
  defaults: { ...SETTINGS, nodes: 20 },
  flags: [...TALK, 'rest'],
  budget: [
    { figure: 'missed', atMost: 0, of: 'worst' },
    { figure: 'asymmetricLinks', atMost: 0, of: 'worst' },
    { figure: 'rmr', atMost: 0.1, of: 'mean', when: { ...RESTED, nodes: 20 } },
    { figure: 'ldh', atMost: 5.7, of: 'mean', when: { ...NEAR, nodes: 20 } },
    { figure: 'durationMs', atMost: 499, of: 'mean', when: { ...NEAR, nodes: 20 } },
    { figure: 'rmr', atMost: 0.1, of: 'mean', when: { ...RESTED, nodes: 100 } },
    { figure: 'ldh', atMost: 10, of: 'mean', when: { ...NEAR, nodes: 100 } },
    { figure: 'durationMs', atMost: 697, of: 'mean', when: { ...NEAR, nodes: 100 } },
  ],
  // The true means of iroh-gossip at 10-50 ms are 1.364 / 5.7 / 499 and 1.058 / 10.7 / 697.
  target: [
    { figure: 'rmr', atMost: 0.5, of: 'mean', when: { nodes: 20 } },
    { figure: 'ldh', atMost: 5.7, of: 'mean', when: { nodes: 20 } },
    { figure: 'durationMs', atMost: 499, of: 'mean', when: { nodes: 20, latency: '10-50' } },
    { figure: 'rmr', atMost: 0.4, of: 'mean', when: { nodes: 100 } },
    { figure: 'ldh', atMost: 10, of: 'mean', when: { nodes: 100 } },
    { figure: 'durationMs', atMost: 697, of: 'mean', when: { nodes: 100, latency: '10-50' } },
    { figure: 'missed', atMost: 0, of: 'worst' },
  ],
  run: (settings, seed, progress) => rounds(settings, seed, progress, ({ world }) => world.peers),
}
