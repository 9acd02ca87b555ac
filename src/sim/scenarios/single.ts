import { NEAR, RESTED, type Scenario, SETTINGS, TALK } from '../scenario.js'
import { rounds } from './rounds.js'

export const single: Scenario = {
  name: 'single',
  upstream: 'GossipSingle',
  about: 'One peer says all: one message a round, always from the same author.',
  defaults: SETTINGS,
  flags: [...TALK, 'rest'],
  budget: [
    { figure: 'missed', atMost: 0, of: 'worst' },
    { figure: 'asymmetricLinks', atMost: 0, of: 'worst' },
    // The floor of iroh-gossip's RMR is 1 / (n - 2).
    { figure: 'rmr', atMost: 0.06, of: 'mean', when: { ...RESTED, nodes: 20 } },
    { figure: 'rmr', atMost: 0.03, of: 'mean', when: { ...RESTED, nodes: 100 } },
    { figure: 'ldh', atMost: 5.8, of: 'mean', when: { ...NEAR, nodes: 100 } },
    { figure: 'durationMs', atMost: 176, of: 'mean', when: { ...NEAR, nodes: 100 } },
    { figure: 'rmr', atMost: 0.02, of: 'mean', when: { ...RESTED, nodes: 1000 } },
    { figure: 'ldh', atMost: 10, of: 'mean', when: { ...NEAR, nodes: 1000 } },
    { figure: 'durationMs', atMost: 330, of: 'mean', when: { ...NEAR, nodes: 1000 } },
  ],
  // The true means of iroh-gossip at 10-50 ms are 0.101 / 5.8 / 176 and 0.074 / 14.0 / 383.
  target: [
    { figure: 'rmr', atMost: 0.05, of: 'mean', when: { nodes: 100 } },
    { figure: 'ldh', atMost: 5.8, of: 'mean', when: { nodes: 100 } },
    { figure: 'durationMs', atMost: 176, of: 'mean', when: { nodes: 100, latency: '10-50' } },
    { figure: 'rmr', atMost: 0.04, of: 'mean', when: { nodes: 1000 } },
    { figure: 'ldh', atMost: 10, of: 'mean', when: { nodes: 1000 } },
    { figure: 'durationMs', atMost: 330, of: 'mean', when: { nodes: 1000, latency: '10-50' } },
    { figure: 'missed', atMost: 0, of: 'worst' },
  ],
  run: (settings, seed, progress) =>
    rounds(settings, seed, progress, ({ world }) => [world.peers[0]!]),
}
