import { NEAR, type Scenario, SETTINGS, TALK } from '../scenario.js'
import { rounds } from './rounds.js'

export const multi: Scenario = {
  name: 'multi',
  upstream: 'GossipMulti',
  about: 'One message a round, each from a peer drawn anew.',
  defaults: SETTINGS,
  flags: [...TALK, 'rest'],
  budget: [
    { figure: 'missed', atMost: 0, of: 'worst' },
    { figure: 'asymmetricLinks', atMost: 0, of: 'worst' },
    { figure: 'rmr', atMost: 0.1, of: 'mean' },
    { figure: 'ldh', atMost: 5, of: 'mean', when: { ...NEAR, nodes: 20 } },
    { figure: 'ldh', atMost: 8, of: 'mean', when: { ...NEAR, nodes: 100 } },
    { figure: 'durationMs', atMost: 280, of: 'mean', when: { ...NEAR, nodes: 100 } },
    { figure: 'ldh', atMost: 12, of: 'mean', when: { ...NEAR, nodes: 1000 } },
    { figure: 'durationMs', atMost: 480, of: 'mean', when: { ...NEAR, nodes: 1000 } },
  ],
  // The true means of iroh-gossip at 10-50 ms are 0.532 / 10.4 / 317 and 0.491 / 21.5 / 616.
  target: [
    { figure: 'rmr', atMost: 0.1, of: 'mean' },
    { figure: 'ldh', atMost: 8, of: 'mean', when: { nodes: 100 } },
    { figure: 'durationMs', atMost: 280, of: 'mean', when: { nodes: 100, latency: '10-50' } },
    { figure: 'ldh', atMost: 12, of: 'mean', when: { nodes: 1000, latency: '10-50' } },
    { figure: 'durationMs', atMost: 480, of: 'mean', when: { nodes: 1000, latency: '10-50' } },
    { figure: 'overFlood', atMost: 1.2, of: 'mean', when: { nodes: 1000, latency: 'regions' } },
    { figure: 'missed', atMost: 0, of: 'worst' },
  ],
  run: (settings, seed, progress) =>
    rounds(settings, seed, progress, ({ world, random }) => [random.pick(world.peers)!]),
}
