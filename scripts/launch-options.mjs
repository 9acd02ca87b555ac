// How the tests and the benchmark start a browser: headless, as root too, and deaf to the internet.

/** Options for Playwright's `launch` of a browser as find-browsers.mjs names it. */
export function launchOptions({ kind, path, channel }) {
  return {
    ...(path === undefined ? {} : { executablePath: path }),
    ...(channel === undefined ? {} : { channel }),
    ...(kind === 'firefox' ? { firefoxUserPrefs: FIREFOX_PREFS } : { args: CHROMIUM_ARGS }),
  }
}

const CHROMIUM_ARGS = [
  // Containers and root have no sandbox to offer.
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--disable-domain-reliability',
  // No name but this machine's own is ever looked up.
  '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1',
  `--disable-features=${[
    // Candidates carry plain addresses, since mDNS names would be asked for on the network.
    'WebRtcHideLocalIpsWithMdns',
    // Chromium's address bar drops down pages of its own, which it loads for each context: a CPU second each time.
    'WebUIOmniboxPopup',
    'WebUIOmniboxAimPopup',
  ]}`,
]

const FIREFOX_PREFS = {
  // Nobody watches: of what a tab in a room of twelve costs, a quarter are pictures beyond these, a second.
  'layout.frame_rate': 10,
  // Plain addresses in candidates, as above.
  'media.peerconnection.ice.obfuscate_host_addresses': false,
  'network.captive-portal-service.enabled': false,
  'network.connectivity-service.enabled': false,
  'network.dns.disablePrefetch': true,
  'network.prefetch-next': false,
  'browser.safebrowsing.malware.enabled': false,
  'browser.safebrowsing.phishing.enabled': false,
  'app.normandy.enabled': false,
  'app.update.auto': false,
  'datareporting.policy.dataSubmissionEnabled': false,
  'toolkit.telemetry.enabled': false,
  'extensions.getAddons.cache.enabled': false,
  'extensions.update.enabled': false,
}
