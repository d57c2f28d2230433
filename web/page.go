// Package web is the auditor's page: one HTML file that verifies evidence in a browser,
// from disk, without a network, and the same page as a printable report of the command.
//
// The page holds the verifier of this module, compiled to WebAssembly. app.js collects
// files and hands them to a Worker, Judge verifies them, and what it returns is HTML in
// which every value from outside is text. The page judges evidence, not the connection
// of the browser.
//
// Judge is the whole path: files are recognised, read through package carrier, verified
// by package attest, and shown by a View: the verdict, who vouches for what, every step,
// the firmware levels, and the report byte by byte.
package web

import (
	_ "embed"
	"strings"
)

// Tool is the name and the version that a verdict of the page has.
const Tool = "tresor-verify 0.1.0"

var (
	//go:embed app.html
	page string
	//go:embed app.js
	script string
	//go:embed worker.js
	worker string
	//go:embed style.css
	style string
)

// Parts are the sources of the page.
type Parts struct{ Page, Script, Worker, Style string }

// Sources returns the sources of the page, for the program that builds it.
func Sources() Parts { return Parts{page, script, worker, style} }

// begin is how every page of a verdict begins.
const begin = "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"generator\" content=\"attest\">\n"

// IsPage reports whether a file is a page that Printable made.
func IsPage(b []byte) bool { return strings.HasPrefix(string(b), begin) }

// Printable returns a view as one HTML page without a script, for paper, PDF or a file
// next to the evidence.
func (v *View) Printable() []byte {
	title := "attest: " + v.Document.Headline()
	var b strings.Builder
	b.WriteString(begin)
	b.WriteString("<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n")
	b.WriteString("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<style>" + style + "</style>\n")
	el("title", title).write(&b)
	b.WriteString("\n</head>\n<body>\n")
	fragment{
		el("header", el("h1", "Verdict on AMD SEV-SNP evidence"),
			el("p", class("claim"), "This judges evidence, not a connection of the reader's. Made by "+v.Document.Tool+".")),
		el("main", v.content()),
	}.write(&b)
	b.WriteString("\n</body>\n</html>\n")
	return []byte(b.String())
}
