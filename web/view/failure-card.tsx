import type { Failure } from '../failures.js'

/** In place of the log, when there is no chat to show. */
export function FailureCard(props: { failure: Failure }) {
  const { title, text, advice } = props.failure
  return (
    <div class="failure" role="alert" data-testid="failure">
      <h2>{title}</h2>
      <p>{text}</p>
      <p class="advice">{advice}</p>
      <p class="ways">
        <button type="button" class="primary" onClick={() => location.reload()}>
          Try again
        </button>
        <a href="/">Go to the lobby</a>
      </p>
    </div>
  )
}
