import { Component, createRef } from 'preact'
import type { Chat } from '../../chat.js'
import type { Layout, Spot } from '../../mesh/layout.js'
import { type MeshLink, type MeshModel, meshInWords } from '../../mesh/model.js'
import { type Heard, TRIP_MS, type Trip, tripsOf } from '../../mesh/traffic.js'
import { hueOf, initialOf, shortPeer } from '../../words.js'

interface Props {
  chat: Chat
  mesh: MeshModel
  nicks: ReadonlyMap<string, string>
  nick: string
  /** The peer pointed at, here or in the list of links. */
  marked: string | undefined
  onMark: (peer: string | undefined) => void
}

/**
 * The live picture of the mesh. The list of links below it says the same to those who don't see it, so to them
 * it is one image with one sentence.
 */
export class MeshPicture extends Component<Props> {
  private layout: Layout | undefined
  private readonly trips = createRef<SVGGElement>()
  private readonly ground = createRef<SVGSVGElement>()
  private forget = () => {}
  private isGone = false

  override componentDidMount(): void {
    this.forget = this.props.chat.onHeard(heard => this.hear(heard))
    // The forces come after the chat: nobody waits for them to talk.
    void import('../../mesh/layout.js').then(({ Layout: Forces }) => {
      if (this.isGone) return
      this.layout = new Forces(() => this.setState({}), isCalm())
      this.layout.show(this.props.mesh)
      this.setState({})
    })
  }

  override componentDidUpdate(before: Readonly<Props>): void {
    if (before.mesh !== this.props.mesh) this.layout?.show(this.props.mesh)
  }

  override componentWillUnmount(): void {
    this.isGone = true
    this.forget()
    this.layout?.stop()
  }

  override render({ mesh, nicks, nick, marked, onMark }: Readonly<Props>) {
    const spots = this.layout?.spots
    const at = (peer: string) => spots?.get(peer)
    const nameOf = (peer: string) => (peer === mesh.self ? nick : nicks.get(peer))
    return (
      <svg
        ref={this.ground}
        class="mesh"
        viewBox="-200 -178 400 356"
        role="img"
        aria-label={meshInWords(mesh)}
        data-testid="mesh"
        data-peers={mesh.peers.length}
      >
        <g class="mesh-links">
          {mesh.links.map(link => (
            <Line
              key={link.peer}
              link={link}
              spot={at(link.peer)}
              isMarked={link.peer === marked}
            />
          ))}
        </g>
        <g ref={this.trips} />
        <g>
          {mesh.peers.map(({ peer }) => (
            <Dot
              key={peer}
              spot={at(peer)}
              name={nameOf(peer)}
              isMarked={peer === marked}
              onMark={onMark}
            />
          ))}
        </g>
        <g class="mesh-times">
          {mesh.links.map(link => (
            <RoundTrip key={link.peer} link={link} spot={at(link.peer)} />
          ))}
        </g>
      </svg>
    )
  }

  private hear(heard: Heard): void {
    const layer = this.trips.current
    if (layer === null || this.layout === undefined || document.visibilityState !== 'visible')
      return
    // In a flood of messages nobody follows a dot.
    if (layer.childElementCount > MOST_DOTS) return
    if (heard.kind === 'received') this.pulse(heard.author)
    for (const trip of tripsOf(heard, this.props.mesh.links)) {
      const spot = this.layout.spots.get(trip.peer)
      if (spot === undefined) continue
      this.light(trip)
      if (!isCalm()) travel(layer, trip, spot)
    }
  }

  /** Who spoke, wherever they are. */
  private pulse(author: string): void {
    const circle = this.ground.current?.querySelector(`.dot[data-peer="${author}"] circle`)
    circle?.animate([{ strokeWidth: '9px', stroke: 'currentColor' }, {}], {
      duration: 700,
      easing: fading(),
    })
  }

  /** A link that carries something is thick for a moment. */
  private light({ peer, afterMs, what }: Trip): void {
    const line = this.ground.current?.querySelector(`line[data-peer="${peer}"]`)
    if (what === 'message') {
      const duration = TRIP_MS * 1.5
      line?.animate([{ strokeWidth: '5px' }, {}], { duration, delay: afterMs, easing: fading() })
    }
  }
}

function Line(props: { link: MeshLink; spot: Spot | undefined; isMarked: boolean }) {
  const { link, spot, isMarked } = props
  if (spot === undefined) return null
  return (
    <line
      class={isMarked ? `${link.kind} marked` : link.kind}
      data-peer={link.peer}
      x1="0"
      y1="0"
      x2={spot.x}
      y2={spot.y}
    />
  )
}

function RoundTrip({ link, spot }: { link: MeshLink; spot: Spot | undefined }) {
  if (spot === undefined || link.rttMs === undefined) return null
  return (
    <text x={spot.x * 0.52} y={spot.y * 0.52} dy="0.32em">
      {rttInWords(link.rttMs)}
    </text>
  )
}

function Dot(props: {
  spot: Spot | undefined
  name: string | undefined
  isMarked: boolean
  onMark: (peer: string | undefined) => void
}) {
  const { spot, name, isMarked, onMark } = props
  if (spot === undefined) return null
  const { peer, place } = spot
  // Who has a name here has spoken, and is worth a larger dot than one of many.
  const isNamed = place === 'passive' && name !== undefined
  const radius = isNamed ? RADII.heard : RADII[place]
  const label = place === 'passive' ? name : (name ?? shortPeer(peer))
  return (
    <g
      class={`dot ${isNamed ? 'heard' : place}${isMarked ? ' marked' : ''}`}
      data-peer={peer}
      style={{ '--hue': hueOf(peer) }}
      transform={`translate(${spot.x.toFixed(1)} ${spot.y.toFixed(1)})`}
      onPointerEnter={() => onMark(peer)}
      onPointerLeave={() => onMark(undefined)}
    >
      <title>{`${name ?? 'unnamed'} (${shortPeer(peer)}): ${PLACES[place]}`}</title>
      <circle r={radius} />
      {radius >= RADII.neighbor && (
        <text class="initial" dy="0.35em">
          {initialOf(name)}
        </text>
      )}
      {label !== undefined && (
        // On the side away from the link.
        <text class="label" y={spot.y < 0 ? -radius - 6 : radius + 12}>
          {short(place === 'self' ? 'you' : label)}
        </text>
      )}
    </g>
  )
}

function travel(layer: SVGGElement, { author, what, direction, afterMs }: Trip, spot: Spot): void {
  const dot = document.createElementNS('http://www.w3.org/2000/svg', 'circle')
  dot.setAttribute('r', what === 'message' ? '5' : '3')
  dot.setAttribute('class', `trip ${what}`)
  dot.style.setProperty('--hue', String(hueOf(author)))
  layer.append(dot)
  const there = `translate(${spot.x}px, ${spot.y}px)`
  const here = 'translate(0px, 0px)'
  const stops = direction === 'in' ? [there, here] : [here, there]
  const animation = dot.animate(
    stops.map(transform => ({ transform })),
    { duration: TRIP_MS, delay: afterMs, easing: 'ease-in-out', fill: 'backwards' },
  )
  const done = () => dot.remove()
  animation.finished.then(done, done)
}

export function rttInWords(rttMs: number): string {
  return rttMs < 1 ? '< 1 ms' : `${Math.round(rttMs)} ms`
}

function short(name: string): string {
  const letters = [...name]
  return letters.length > LONGEST_LABEL ? `${letters.slice(0, LONGEST_LABEL - 1).join('')}…` : name
}

/** Who wants no motion sees it stand, and then not. */
function fading(): string {
  return isCalm() ? 'step-end' : 'linear'
}

function isCalm(): boolean {
  return matchMedia('(prefers-reduced-motion: reduce)').matches
}

const RADII: Record<Spot['place'], number> = {
  self: 19,
  neighbor: 15,
  coming: 8,
  heard: 7,
  passive: 4,
}
const PLACES: Record<Spot['place'], string> = {
  self: 'you',
  neighbor: 'your neighbor',
  coming: 'a link is being made or asked for',
  heard: 'spoke here, further away in the mesh',
  passive: 'known, without a link',
}
const LONGEST_LABEL = 14
const MOST_DOTS = 60
