// Package browser tests the auditor's page in a real browser: Debian's chromium,
// headless. It is a module of its own, since its driver is no dependency of attest.
//
// ATTEST_CHROMIUM names the browser; without, chromium is looked for on the PATH, and
// the tests are skipped where there is none. ATTEST_SHOTS names a folder for pictures of
// the page.
package browser
