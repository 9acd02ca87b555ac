/** Three threads and one round of the web; index.html draws the same for the tab. */
export function Mark() {
  return (
    <svg class="mark-icon" viewBox="0 0 32 32" width="24" height="24" aria-hidden="true">
      <path d="M16 3v26M4.7 9.5l22.6 13M4.7 22.5l22.6-13" />
      <path d="M16 8q3 3 6.9 4-1 4 0 8-3.9 1-6.9 4-3-3-6.9-4 1-4 0-8Q13 11 16 8z" />
    </svg>
  )
}
