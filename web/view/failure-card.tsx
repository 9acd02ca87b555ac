import type { Failure } from '../failures.js'

/** In place of the log, when there is no chat to show. */
export function FailureCard(props: { failure: Failure }) {
  const { title, text, advice, technical } = props.failure
  return (
    <div class="failure" role="alert" data-testid="failure">
      <h2>{title}</h2>
      {!technical && <p>{text}</p>}
      <p class="advice">{advice}</p>
      {technical && (
        <details>
          <summary>For those who build this page</summary>
          <p>{text}</p>
        </details>
      )}
      <p class="ways">
        <button type="button" class="primary" onClick={() => location.reload()}>
          Try again
        </button>
        <a href="/">Go to the lobby</a>
      </p>
    </div>
  )
}
