// `npm run evaluate`: runs the simulator's scenarios and writes docs/evaluation.md, so that no figure in it was typed by
// hand. Two runs at a time. `--large` also runs what takes ten thousand peers (an hour), and `--only TEXT` the rows alone
// whose command is that text, or else has it. With both `--only` and `--from FILE` nothing runs: that row takes what `npm run sim` printed as JSON.
// What a row gave when it was last run stays in docs/evaluation.json, and by which code; where it is not that of now, the page
// says so.

import { execFile } from 'node:child_process'
import { readFile, writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { promisify } from 'node:util'
import { bundleSimulator, ROOT } from './bundle.mjs'

const run = promisify(execFile)
const isLarge = process.argv.includes('--large')
const only = said('--only')
const from = said('--from')
const TODAY = new Date().toISOString().slice(0, 10)

const { code: CODE } = await bundleSimulator()
const KEPT = resolve(ROOT, 'docs/evaluation.json')

const SPEED = `An event is a frame that is no heartbeat, or a deadline, taken through \`handle\`; the whole of a run is counted, joining included, of which
knocks, offers and greetings are work and no events. Timed on whatever machine wrote this page, one run at a time, but for that of a hundred thousand, which had others beside it.

What stands between us and the rates wanted is waiting for memory. Each event passes through a node, a link and a tree that nothing has touched for a while: of what the processor
misses two thirds are what an event reads and one third is code. No part of that code stands out: a tenth is looking up maps, a twentieth noting for the sweeper which old objects
hold new ones, sweeping some hundredths, and the rest lies in a hundred places. The three rows of many messages show it without counters: the same program and the same talk among ten thousand,
a thousand and a hundred peers, of which the last fit the processor's caches. The wire takes less than half of the time. Before a command,
\`perf stat -e cycles:u,instructions:u,l2_cache_req_stat.ic_fill_miss:u,l2_cache_req_stat.ls_rd_blk_c:u,dTLB-load-misses:u\` shows it on AMD's processors.

Memory is the process's highest. After joining some 15 KB live of each peer: of ten thousand 150 MB, and the rest is what the engine, which may take 8 GB, had not yet swept. Of a hundred
thousand peers 1.6 GB live, and by itself the engine has as much again in holes that are too small for what comes next. So from 50,000 peers on the heap is swept whenever a tenth more is used than lived, and every second
page is emptied where holes are more than a tenth of what lives, as long as there is room: what is moved is there twice meanwhile (\`bench/sim.mjs\`).`

/** `wanted` and `anchor` are for people; the figures come from the run. */
const TABLES = [
  {
    title: 'Rounds as iroh-gossip’s simulator has them',
    about:
      'Seeds 0 to 3, 30 rounds unless said, 10 to 50 ms one way. Five join at leisure, then all others through one of the five, a hundred of them within a second. Where that simulator begins after a second, the rooms here have rested for two minutes, for links take a second to make and are still being exchanged half a minute later; the rows “ten seconds after” show what a room that moves does, and of a hundred peers that is too slow for one author by a fifth. `rmr` and `ldh` as that simulator counts them: copies beyond one for each receiver and message, and the deepest round at which anybody got one. Anchor: iroh-gossip’s true means. What stands between overFlood and what is wanted is that who speaks for the first time has one tree with all others. In a model the nearest of sixteen roots makes 1.44, of 64 in trees of time alone 1.20, but 64 trees are no shared tree any more ([decision 10](decisions/0010-the-shared-tree-has-a-root.md)); nor do the best root there is, or redundancy spent on asking early, get there ([decision 15](decisions/0015-the-farthest-makes-room.md)). Who speaks three times has a tree of its own.',
    figures: ['rmr', 'ldh', 'durationMs', 'overFlood', 'missed'],
    rows: [
      row(
        'single 100',
        'rmr ≤ 0.05, ldh ≤ 5.8, ≤ 176 ms',
        '0.101, 5.8, 176 ms',
        'single --nodes 100',
      ),
      row(
        'single 1,000',
        'rmr ≤ 0.04, ldh ≤ 10, ≤ 330 ms',
        '0.074, 14.0, 383 ms',
        'single --nodes 1000',
      ),
      row('multi 100', 'rmr ≤ 0.10, ldh ≤ 8, ≤ 280 ms', '0.532, 10.4, 317 ms', 'multi --nodes 100'),
      row(
        'multi 1,000',
        'rmr ≤ 0.10, ldh ≤ 12, ≤ 480 ms',
        '0.491, 21.5, 616 ms',
        'multi --nodes 1000',
      ),
      row(
        'multi 1,000, five regions',
        'rmr ≤ 0.10, overFlood ≤ 1.2',
        '',
        'multi --nodes 1000 --latency regions',
      ),
      row(
        'all 20',
        'rmr ≤ 0.5, ldh ≤ 5.7, ≤ 499 ms',
        '1.364, 5.7, 499 ms',
        'all --nodes 20 --rounds 30',
      ),
      row(
        'all 100, 5 rounds',
        'rmr ≤ 0.4, ldh ≤ 10, ≤ 697 ms',
        '1.058, 10.7, 697 ms',
        'all --nodes 100 --rounds 5',
      ),
      row(
        'single 100, ten seconds after the last one joined',
        'rmr ≤ 0.05, ldh ≤ 5.8, ≤ 176 ms',
        '0.101, 5.8, 176 ms after a second, with links that are there at once',
        'single --nodes 100 --rest 10',
      ),
      row(
        'multi 100, ten seconds after',
        'rmr ≤ 0.10, ldh ≤ 8, ≤ 280 ms',
        '0.532, 10.4, 317 ms',
        'multi --nodes 100 --rest 10',
      ),
    ],
  },
  {
    title: 'The overlay',
    about:
      'Anchors: iroh-gossip’s overlay after 3.5 minutes (4.47 neighbors, 6 storms, 3 asymmetric links in 100 seeds), and HyParView’s paper. After a kill `reliability` is the share of survivors that a message reaches; `linkedShare` is the largest part of the survivors that links still join right after the kill, `linkedReliability` the share of the others that an author drawn from all of them reaches over those links: no message can pass between parts. `reliability` lies above it where all ten authors happened to be of the largest part. Where a server carries signals, whoever lost all neighbors asks a peer it knew, as in the paper’s world; what was wanted was wanted without any server, and the links that are left then reach too few. Of 10,000 peers, 80 % killed, one neighbor is not so in return when the run ends, and our own budget of none is missed there; that all links are mutual once faults stop is a law in the gate. So it is in one of 40 rooms of 20 after a partition. `mergedMs`: from healing to one part.',
    figures: [
      'meanActive',
      'fullShare',
      'asymmetricLinks',
      'storms',
      'dials',
      'averagePath',
      'componentCount',
      'mergedMs',
      'reliability',
      'linkedShare',
      'linkedReliability',
    ],
    rows: [
      row(
        'overlay 100, 100 seeds',
        'active ≥ 4.88, 0 storms, 0 asymmetric, dials ≤ 0.05',
        '4.47 active, 6 storms, 3 asymmetric, about 1 dial',
        `overlay --nodes 100 --seeds ${upTo(100)}`,
      ),
      row(
        'partition 1,000, five regions, healed after 10 min',
        'one part within 10 s',
        '',
        'partition --seeds 0',
      ),
      ...[600, 120].map(cut =>
        row(
          `partition 20, five regions, healed after ${cut / 60} min, 40 seeds`,
          'one part within 10 s',
          '',
          `partition --nodes 20 --rounds 2 --wire off --cut ${cut} --seeds ${upTo(40)}`,
        ),
      ),
      row(
        'hyparview-paper 1,000',
        'of 10,000: fullShare ≥ 0.995, 0 asymmetric',
        '',
        'hyparview-paper --nodes 1000 --wire off',
      ),
      ...[0.5, 0.8, 0.9, 0.95].map(kill =>
        row(
          `… ${kill * 100} % killed, a server carries signals`,
          '',
          kill > 0.9 ? 'the paper: about 0.9' : 'the paper: 1',
          `hyparview-paper --nodes 1000 --wire off --kill ${kill} --server carries`,
        ),
      ),
      ...[0.5, 0.8].map(kill =>
        row(
          `… ${kill * 100} % killed silently, a server carries signals`,
          '',
          '',
          `hyparview-paper --nodes 1000 --wire off --kill ${kill} --server carries --silent`,
        ),
      ),
      ...[0.5, 0.8, 0.9, 0.95].map(kill =>
        row(
          `… ${kill * 100} % killed, no server at all`,
          { 0.5: '1', 0.8: '1', 0.9: '≥ 0.999', 0.95: '≥ 0.99' }[kill],
          '',
          `hyparview-paper --nodes 1000 --wire off --kill ${kill}`,
        ),
      ),
      ...[0.5, 0.8].map(kill =>
        row(
          `… ${kill * 100} % killed silently, no server at all`,
          '1',
          '',
          `hyparview-paper --nodes 1000 --wire off --kill ${kill} --silent`,
        ),
      ),
      large(
        'hyparview-paper 10,000',
        'fullShare ≥ 0.995, 0 asymmetric, path ≤ 6.4',
        'the paper: path 6.385',
        'hyparview-paper --nodes 10000 --seeds 0 --wire off',
      ),
      ...[0.5, 0.8, 0.9, 0.95].map(kill =>
        large(
          `… ${kill * 100} % killed, a server carries signals`,
          '',
          kill > 0.9 ? 'the paper: about 0.9' : 'the paper: 1',
          `hyparview-paper --nodes 10000 --seeds 0 --wire off --kill ${kill} --server carries`,
        ),
      ),
      ...[0.5, 0.8].map(kill =>
        large(
          `… ${kill * 100} % killed silently, a server carries signals`,
          '',
          '',
          `hyparview-paper --nodes 10000 --seeds 0 --wire off --kill ${kill} --server carries --silent`,
        ),
      ),
      ...[0.5, 0.8, 0.9, 0.95].map(kill =>
        large(
          `… ${kill * 100} % killed, no server at all`,
          { 0.5: '1', 0.8: '1', 0.9: '≥ 0.999', 0.95: '≥ 0.99' }[kill],
          '',
          `hyparview-paper --nodes 10000 --seeds 0 --wire off --kill ${kill}`,
        ),
      ),
      ...[0.5, 0.8].map(kill =>
        large(
          `… ${kill * 100} % killed silently, no server at all`,
          '1',
          '',
          `hyparview-paper --nodes 10000 --seeds 0 --wire off --kill ${kill} --silent`,
        ),
      ),
    ],
  },
  {
    title: 'The trees',
    about:
      'Ten authors in turn after warm-up. `rmr` and `ldh` as in PlumTree’s paper. `byteOverhead` is all bytes of frames for each payload byte delivered, without the heads of packets below them and without pings of links that are at rest, which are at most twelve bytes a link and second, 0.3 % of the 10 KiB a second said here. In unsigned topics nobody has a tree of their own ([decision 9](decisions/0009-the-tree-grows-by-asking.md)), hence their hops. Anchors: our re-run of the paper’s setting at 10,000: a flood 8.2 hops, one shared tree 14.8 hops and 768 to 938 ms, a tree for each source 497 ms. `failures`: the 19 hops that repair alone leaves are those of one author; where each message has another author they share one tree, which is deeper than an author’s own without any crash too ([decision 10](decisions/0010-the-shared-tree-has-a-root.md); 16.6 hops in the unsigned row of 10,000), and repair alone leaves 31 to 34: ten hops within twenty messages are reached where one author speaks, and not where each is new. With regions a tree of little time has more hops than one of few, and at a hundred messages a second ten hops are missed by a tenth of one.',
    figures: ['rmr', 'ldh', 'lastLdh', 'p50Ms', 'p99Ms', 'floodP99Ms', 'byteOverhead', 'missed'],
    rows: [
      row(
        'plumtree-paper 1,000, 1 KiB, 10/s, signed',
        'of 10,000: rmr ≤ 0.01, ldh ≤ 10, bytes ≤ 1.12',
        '',
        'plumtree-paper --nodes 1000 --payload 1024 --rate 10',
      ),
      row(
        '… 100 B, 100/s, signed',
        'of 10,000: bytes ≤ 2.0',
        '',
        'plumtree-paper --nodes 1000 --payload 100 --rate 100',
      ),
      row(
        '… 1 KiB, 10/s, unsigned',
        'of 10,000: bytes ≤ 1.05',
        '',
        'plumtree-paper --nodes 1000 --payload 1024 --rate 10 --unsigned',
      ),
      row(
        '… 100 B, 100/s, unsigned',
        'of 10,000: bytes ≤ 1.4',
        '',
        'plumtree-paper --nodes 1000 --payload 100 --rate 100 --unsigned',
      ),
      row(
        '… five regions',
        'of 10,000: p99 ≤ 500 ms',
        '',
        'plumtree-paper --nodes 1000 --latency regions --wire off',
      ),
      row(
        'failures 1,000, 10 % crash, one author',
        'of 10,000: lastLdh ≤ 10',
        'repair alone: 19 of 10,000',
        'failures --nodes 1000 --wire off --authors 1',
      ),
      row(
        '… an author drawn for each message',
        'of 10,000: lastLdh ≤ 10',
        'repair alone: 31 to 34 of 10,000',
        'failures --nodes 1000 --wire off',
      ),
      large(
        'plumtree-paper 10,000',
        'rmr ≤ 0.01, ldh ≤ 10',
        'flood 8.2 hops; one shared tree 14.8',
        'plumtree-paper --nodes 10000 --seeds 0 --wire off',
      ),
      large(
        '… five regions',
        'rmr ≤ 0.01, ldh ≤ 10, p99 ≤ 500 ms',
        'one shared tree 768 to 938 ms, one for each source 497 ms',
        'plumtree-paper --nodes 10000 --seeds 0 --latency regions --wire off',
      ),
      large(
        'failures 10,000, 10 % crash, one author',
        'lastLdh ≤ 10',
        'repair alone: 19',
        'failures --nodes 10000 --wire off --authors 1',
      ),
      large(
        '… an author drawn for each message',
        'lastLdh ≤ 10',
        'repair alone: 31 to 34',
        'failures --nodes 10000 --seeds 0 --wire off',
      ),
      large(
        'plumtree-paper 10,000, 1 KiB, 10/s, signed',
        'rmr ≤ 0.01, ldh ≤ 10, bytes ≤ 1.12',
        '',
        'plumtree-paper --nodes 10000 --seeds 0 --payload 1024 --rate 10',
      ),
      large(
        '… 100 B, 100/s, signed',
        'rmr ≤ 0.01, ldh ≤ 10, bytes ≤ 2.0',
        '',
        'plumtree-paper --nodes 10000 --seeds 0 --payload 100 --rate 100',
      ),
      large(
        '… 1 KiB, 10/s, unsigned',
        'bytes ≤ 1.05',
        '',
        'plumtree-paper --nodes 10000 --seeds 0 --payload 1024 --rate 10 --unsigned',
      ),
      large(
        '… 100 B, 100/s, unsigned',
        'bytes ≤ 1.4',
        '',
        'plumtree-paper --nodes 10000 --seeds 0 --payload 100 --rate 100 --unsigned',
      ),
    ],
  },
  {
    title: 'A crash while a message spreads',
    about:
      'A hundred peers, ten seeds; a share of them crashes 60 ms after the message was said, which is then on its second hop. `duringReliability` is the share of the survivors that get it, without any history to ask, and `duringMs` when the last of them does; `reliability` is of twenty messages said afterwards. Anchors: the share that iroh-gossip’s survivors miss in 100 seeds, and its time. What was lost with the links is asked for again where it was announced, and an announcement that died with its peer comes with a link that is made anew, which takes a second: those who have the message tell a new neighbor of it. Hence nobody misses it, and the last hear of it later than those who are reached there at all.',
    figures: ['duringReliability', 'duringMs', 'reliability', 'missed', 'lastLdh'],
    rows: Object.entries({ 0.1: '0.00022', 0.3: '0.00145', 0.5: '0.0178' }).map(([kill, missed]) =>
      row(
        `${kill * 100} % crash`,
        'duringReliability 1',
        `${missed} miss it${kill > 0.4 ? '; the last at 510 ms (median), 1,060 ms (worst)' : ''}`,
        `failures --nodes 100 --wire off --kill ${kill} --seeds ${upTo(10)}`,
      ),
    ),
  },
  {
    title: 'Rooms that move',
    about:
      '`churn`: of a thousand peers a tenth go each minute, half of them without a word, and as many come, while one message a second is said. `flash-crowd`: a room of twenty, to whom everybody else comes within ten seconds; `joinedMs` is what a newcomer waits for its first neighbor, of which a dial is one second, and ten messages are said twenty seconds after the last. `hidden-tabs`: the timers of half of the peers ring once a second; `falseAlarms` counts neighbors that were given up for dead. `slow-peer`: one of fifty can take a fifth of what is said, and must harm nobody else. What it gets itself is less than fits, for while the first copy waits before its line, it asks others for the same. `auto-switch`: eight in a full mesh, a ninth comes, three go, three come, and all the while someone speaks; `switched` is the share of peers that were of the kind their number asks for.',
    figures: [
      'reliability',
      'othersReliability',
      'slowReliability',
      'missed',
      'deliveredTwice',
      'rmr',
      'ldh',
      'p99Ms',
      'othersP99Ms',
      'joinedShare',
      'joinedP50Ms',
      'joinedP99Ms',
      'dialsPerJoin',
      'falseAlarms',
      'switched',
    ],
    rows: [
      row('churn 1,000, 10 % a minute', 'reliability ≥ 0.9999', '', 'churn --wire off'),
      row('… five regions', 'reliability ≥ 0.9999', '', 'churn --wire off --latency regions'),
      row('flash-crowd 500', 'joinedShare 1, reliability 1', '', 'flash-crowd'),
      row(
        'flash-crowd 2,000',
        'joinedShare 1, reliability 1',
        '',
        'flash-crowd --nodes 2000 --wire off',
      ),
      row('hidden-tabs 100', '0 missed, 0 false alarms', '', 'hidden-tabs'),
      row('slow-peer 50', 'othersReliability 1', '', 'slow-peer'),
      row('auto-switch 8', '0 missed, 0 twice, switched 1', '', 'auto-switch'),
    ],
  },
  {
    title: 'Small rooms',
    about:
      'Full mesh: joins at random doors within a second, 2 % loss, period 1 s. The seed’s bare rules form it in 55, 6 and 0 % of runs.',
    figures: ['complete', 'completeMs', 'missed', 'deliveredTwice', 'rmr'],
    rows: [5, 8, 12].map(nodes =>
      row(
        `full-mesh ${nodes}, 30 seeds`,
        'complete 1',
        '',
        `full-mesh --nodes ${nodes} --seeds ${upTo(30)}`,
      ),
    ),
  },
  {
    title: 'History',
    about:
      '`latecomer`: a peer that keeps nothing joins nine that keep ten thousand messages and go on speaking; `catchUpMs` from the first exchange to the last message, `liveP99Ms` of what is said meanwhile, over what was wanted by a hundredth (in the worst seed by a sixth). `reconcile`: two peers 50 ms apart keep ten thousand messages, of which each lacks half of the last so many; `bytes` is everything said until both have all, `payloadBytes` what they lacked, `roundTrips` from the first word to the last message.',
    figures: [
      'complete',
      'converged',
      'joinMs',
      'catchUpMs',
      'opsPerSecond',
      'liveP99Ms',
      'deliveredTwice',
      'roundTrips',
      'messages',
      'bytes',
      'payloadBytes',
    ],
    rows: [
      row('latecomer, 10,000 messages', 'liveP99Ms ≤ 100', '', 'latecomer'),
      ...[0, 10, 100, 1000].map(missing =>
        row(
          missing === 0 ? 'reconcile, nothing lacks' : `reconcile, ${missing} lack`,
          missing === 10 ? 'roundTrips ≤ 1.5' : '',
          '',
          `reconcile --ops 10000 --missing ${missing}`,
        ),
      ),
    ],
  },
  {
    title: 'Speed and memory',
    about: SPEED,
    figures: ['eventsPerSecond', 'peakMemoryMB'],
    rows: [
      timed(
        'plumtree-paper 10,000, every frame encoded and decoded',
        '≥ 100,000 events/s',
        '',
        'plumtree-paper --nodes 10000 --seeds 0',
      ),
      timed(
        '… without the wire',
        '≥ 300,000 events/s',
        '',
        'plumtree-paper --nodes 10000 --seeds 0 --wire off',
      ),
      timed(
        'plumtree-paper 1,000, every frame encoded and decoded',
        '',
        '',
        'plumtree-paper --nodes 1000 --seeds 0',
      ),
      timed('… without the wire', '', '', 'plumtree-paper --nodes 1000 --seeds 0 --wire off'),
      ...[
        [10_000, 300],
        [1000, 300],
        [100, 3000],
      ].map(([nodes, rounds]) =>
        timed(
          `${nodes.toLocaleString('en')} peers, ${rounds.toLocaleString('en')} messages, without the wire`,
          '',
          '',
          `plumtree-paper --nodes ${nodes} --seeds 0 --wire off --rounds ${rounds} --rate 10`,
        ),
      ),
      {
        ...timed(
          'hyparview-paper 100,000, without the wire',
          '≤ 3,000 MB',
          '',
          'hyparview-paper --nodes 100000 --seeds 0 --rounds 1 --wire off',
        ),
        // What is on its way outlives a young generation of any size, and takes its size twice.
        youngMB: 16,
      },
    ],
  },
]

async function main() {
  const rows = TABLES.flatMap(({ rows }) => rows)
  const kept = JSON.parse(await readFile(KEPT, 'utf8').catch(() => '{}'))
  for (const row of rows) row.report = kept[nameOf(row)]
  const exact = rows.filter(row => nameOf(row) === only)
  const asked = rows.filter(row => {
    if (!only) return isLarge || !row.isLarge
    return exact.length > 0 ? exact.includes(row) : nameOf(row).includes(only)
  })
  if (from) {
    const report = keep(JSON.parse(await readFile(from, 'utf8')))
    for (const row of exact) row.report = report
    return write()
  }
  // What is measured by the clock runs alone; a row that another table has too runs once.
  const timed = asked.filter(({ isTimed }) => isTimed)
  const waiting = asked.filter(row => !timed.some(other => nameOf(other) === nameOf(row)))
  await Promise.all([worker(waiting), worker(waiting)])
  await worker(timed)
  await write()
  process.exitCode = asked.some(({ hasRun }) => !hasRun) ? 1 : 0
}

function said(option) {
  const at = process.argv.indexOf(option)
  return at < 0 ? undefined : process.argv[at + 1]
}

async function write() {
  const rows = TABLES.flatMap(({ rows }) => rows).filter(({ report }) => report !== undefined)
  const kept = Object.fromEntries(rows.map(row => [nameOf(row), row.report]))
  await writeFile(KEPT, `${JSON.stringify(kept, undefined, 2)}\n`)
  await writeFile(resolve(ROOT, 'docs/evaluation.md'), page())
}

/** Of a report what a table may show. */
function keep({ mean, worst, eventsPerSecond, peakMemoryMB, code, machine }) {
  const names = new Set(TABLES.flatMap(({ figures }) => figures))
  const shown = figures =>
    Object.fromEntries(Object.entries(figures).filter(([name]) => names.has(name)))
  const speed = { eventsPerSecond, peakMemoryMB }
  return {
    date: TODAY,
    code,
    machine,
    mean: { ...shown(mean), ...speed },
    worst: { ...shown(worst), ...speed },
  }
}

async function worker(waiting) {
  for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
    const startedAt = performance.now()
    try {
      const words = [...engineOf(next), 'bench/sim.mjs', ...next.words, '--json']
      const { stdout } = await run(process.execPath, words, { cwd: ROOT, maxBuffer: 1 << 28 })
      const report = keep(JSON.parse(stdout))
      for (const { rows } of TABLES) {
        for (const row of rows)
          if (nameOf(row) === nameOf(next)) Object.assign(row, { report, hasRun: true })
      }
      await write()
    } catch (error) {
      console.error(`${next.words.join(' ')}: ${error.message.split('\n')[0]}`)
    }
    console.error(`${next.name}: ${((performance.now() - startedAt) / 1000).toFixed(0)} s`)
  }
}

/**
 * As the script `sim` in package.json has it. Left alone the engine takes a process that waits for its turn for an idle one,
 * and makes its young generation tiny.
 */
function engineOf({ youngMB }) {
  const young = youngMB ?? 64
  const least = youngMB === undefined ? [`--min-semi-space-size=${young}`] : []
  return [
    '--no-memory-reducer',
    ...least,
    `--max-semi-space-size=${young}`,
    '--max-old-space-size=8192',
  ]
}

function page() {
  const parts = [INTRODUCTION.replace('DATE', TODAY)]
  for (const { title, about, figures, rows: all } of TABLES) {
    const rows = all.filter(({ report }) => report !== undefined)
    if (rows.length === 0) continue
    const shown = figures.filter(figure =>
      rows.some(({ report }) => figure in (report?.mean ?? {})),
    )
    parts.push(`## ${title}\n\n${about}\n`)
    parts.push(
      `| run | ${shown.join(' | ')} | wanted | anchor |\n|${'---|'.repeat(shown.length + 3)}`,
    )
    for (const { name, wanted, anchor, report, words } of rows) {
      const cells = shown.map(figure => cell(report, figure, words))
      parts.push(`| ${name} | ${cells.join(' | ')} | ${wanted} | ${anchor} |`)
    }
    parts.push('')
    parts.push('Commands, in the same order, after `npm run --silent sim --`:\n')
    parts.push(`\`\`\`\n${rows.map(commandOf).join('\n')}\n\`\`\`\n`)
  }
  return `${parts.join('\n').trimEnd()}\n`
}

const BEFORE_KILL = new Set(['fullShare', 'averagePath'])

/** The mean, and the worst seed where it differs. */
function cell(report, figure, words) {
  const [mean, worst] = [report?.mean[figure], report?.worst[figure]]
  // Only there is it looked at: elsewhere links are still sought, or peers go and come.
  if (figure === 'storms' && words[0] !== 'overlay') return '–'
  // Looked at before the kill.
  if (words.includes('--kill') && BEFORE_KILL.has(figure)) return '–'
  // Without the wire there are no bytes to count.
  if (mean === undefined || (figure === 'byteOverhead' && mean === 0)) return '–'
  return rounded(mean) === rounded(worst) ? rounded(mean) : `${rounded(mean)} (${rounded(worst)})`
}

function rounded(value) {
  if (typeof value !== 'number') return '–'
  if (Math.abs(value) >= 100) return value.toFixed(0)
  return String(Number(value.toFixed(Math.abs(value) >= 10 ? 1 : 4)))
}

function row(name, wanted, anchor, words) {
  return { name, wanted, anchor, words: words.split(' '), report: undefined }
}

/** One that takes minutes. */
function large(name, wanted, anchor, words) {
  return { ...row(name, wanted, anchor, words), isLarge: true }
}

/** One that is about the machine as well. */
function timed(name, wanted, anchor, words) {
  return { ...large(name, wanted, anchor, words), isTimed: true }
}

function upTo(count) {
  return Array.from({ length: count }, (_, seed) => seed).join(',')
}

function nameOf({ words }) {
  return words.join(' ')
}

function commandOf(row) {
  const notes = [
    ...(row.report.date === TODAY ? [] : [row.report.date]),
    ...(row.report.code === CODE ? [] : ['other code']),
    ...(row.isTimed && row.report.machine ? [row.report.machine] : []),
    ...(row.youngMB === undefined
      ? []
      : [`and instead of npm run: node ${engineOf(row).join(' ')} bench/sim.mjs`]),
  ]
  return [row.words.map(shorter).join(' '), ...notes].join('   # ')
}

/** Many seeds as a range that a shell knows. */
function shorter(word) {
  return /^0,(\d+,){8,}\d+$/.test(word) ? `$(seq -s, 0 ${word.split(',').at(-1)})` : word
}

const INTRODUCTION = `# Evaluation

Written by \`npm run evaluate\` on DATE; each cell of a run comes from the run. It holds the true mean over the seeds, and in brackets
the worst seed where it differs; "–" where there is nothing to measure. "Wanted" is what we set out to reach, and a figure that misses it stands here all the same; it stands in the row
of its own setting, or names the number of peers it was meant for. "Anchors" are others' figures. Behind a command a day says when it ran, where that was before the day above, and "other code"
that the simulator, or something it runs, has changed since.

The simulator runs the core, the link machine and the wire that the worker runs, on a virtual clock ([testing](testing.md)). A
link takes a second to make, as WebRTC's do; iroh-gossip's connections are there at once, and the papers' too. Where the papers
let any peer open a connection to any other, ours needs a signal brought to it, through the server or the mesh: a peer whose
last neighbor died has neither when the server is gone, so survivors reach each other only where links still
join them. That is what stands between us and the papers' figures after a kill without a server.

Otherwise the settings differ from the papers' in this: latencies of 10 to 50 ms instead of a round at a time; ten minutes of rest instead of 50 cycles, since the share of
full views no longer grows after them; after a kill five seconds of repair before the first message (ten where the crash is silent, and only heartbeats notice) and
ten messages, where HyParView's authors send a thousand at once and count repair by what these find; and a full view makes room by letting the farthest neighbor go, and a newcomer walks
once for itself, where the paper has chance and no walk ([decision 15](decisions/0015-the-farthest-makes-room.md)). Beside the passive view of thirty a node remembers a hundred peers more, and who lost all neighbors
asks once more whom it came through, also where a server only carries signals. Seeds are 0 to 3 unless the command says otherwise: runs of ten thousand peers take minutes. No run here loses packets or fails a dial but those of \`full-mesh\`: what loss and bad networks do is held by laws in \`src/sim\`.

How the measures are counted:

* **rmr**, relative message redundancy. Rounds (\`single\`, \`multi\`, \`all\`, and \`hidden-tabs\`), as iroh-gossip: \`copies / (due - missed - 1) - 1\`, copies counted until
  four latencies after the round's end, so that of \`M\` messages a round its floor is \`1 / (M (n - 1) - 1)\`; the mean of all rounds, the first included. Elsewhere, as the papers: payloads sent
  over payloads first heard, less one, after warm-up.
* **ldh**, last delivery hop. Rounds: the largest round at which any peer first got any message of it, the author's neighbors
  being 0. Elsewhere, as the papers: hops, the author's neighbors being 1, averaged over messages.
* **durationMs**: until the last peer has it. **p50Ms**, **p99Ms**: of all deliveries.
* **overFlood**: durationMs over what a flood takes on the same links, the quickest there is, from the slowest of the round's authors (of the first ten where there are more). **floodP99Ms**: of its deliveries.
* **meanActive**: neighbors of a peer; **fullShare**: peers that have five. **asymmetricLinks**: neighbors that are not so in return, at the one moment when the run ends. **averagePath**: links on
  the shortest way between two peers. **dials**: connections begun, a peer and minute. **storms**: share of runs in which peers, one with another, asked for places more than once in two minutes, though nobody came or went.
* **lastLdh**: ldh of the last three of the twenty messages after a crash.
`

await main()
