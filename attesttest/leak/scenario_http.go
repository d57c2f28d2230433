package leak

import (
	"net/http"
	"strings"
)

// httpScenarios: what clients do besides GET and POST must work as ever.
func httpScenarios() []Scenario {
	rows := []struct {
		name, about string
		call        call
		right       func(o outcome) bool
	}{
		{"head", "a response without a body", call{method: "HEAD"}, is(http.StatusOK, "")},
		{"no-content", "status 204", call{path: "/none"}, is(http.StatusNoContent, "")},
		{"not-modified", "status 304", call{path: "/same"}, is(http.StatusNotModified, "")},
		{"gzip", "a response that the client decompresses unasked", call{path: "/gzip"}, func(o outcome) bool {
			return is(http.StatusOK, echo(nil))(o) && o.header.Get("Content-Encoding") == ""
		}},
		{"trailer", "a response with a trailer", call{path: "/trailer"}, func(o outcome) bool {
			return is(http.StatusOK, "body")(o) && o.trailer.Get("Witness-Sum") == "sum"
		}},
		{"large-body", "a megabyte there", call{body: 1 << 20}, is(http.StatusOK, echo(content(1<<20)))},
		{"duplex", "a response that comes while the request is sent", call{path: "/mirror", body: 1 << 18}, func(o outcome) bool {
			return is(http.StatusOK, string(content(1<<18)))(o)
		}},
		{"expect-continue", "a body that waits for the server", call{body: 5000, header: map[string]string{"Expect": "100-continue"}}, is(http.StatusOK, echo(content(5000)))},
		{"expect-rejected", "a body that the server does not want", call{path: "/rejected", body: 5000, header: map[string]string{"Expect": "100-continue"}}, is(http.StatusExpectationFailed, "")},
		{"not-found", "an error of the application is none of the transport", call{path: "/" + strings.Repeat("a", 100)}, func(o outcome) bool { return o.status == http.StatusNotFound }},
	}
	var all []Scenario
	for _, row := range rows {
		all = append(all, Scenario{Name: "http/" + row.name, About: row.about, run: func(sr *scenarioRun) {
			sr.start(always(sr.slow("good", shortHold)))
			for range 2 {
				if o := sr.do(row.call); o.err != nil || !row.right(o) {
					sr.problem("not the right answer: %w", o.reason())
				}
			}
		}})
	}
	return all
}

func is(status int, body string) func(outcome) bool {
	return func(o outcome) bool { return o.status == status && string(o.body) == body }
}
