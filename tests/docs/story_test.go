// Package docs_test runs what the documents tell people to type, against the real program.
package docs_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/openpartner/openpartner/tests/testkit"
)

// passage is a block of a story and what the document says it prints, if it says so.
type passage struct{ shell, prints string }

// A story is told by blocks after <!-- story -->; a block after <!-- prints --> is the output of
// the one before.
var marked = regexp.MustCompile("(?ms)^<!-- (story|prints) -->\n```\\w+\n(.*?)^```$")

func story(t *testing.T, document string) []passage {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", document))
	if err != nil {
		t.Fatal(err)
	}
	var out []passage
	for _, m := range marked.FindAllStringSubmatch(string(text), -1) {
		if m[1] == "story" {
			out = append(out, passage{shell: m[2]})
		} else {
			out[len(out)-1].prints = m[2]
		}
	}
	if len(out) == 0 {
		t.Fatalf("%s tells no story", document)
	}
	return out
}

const home = "http://localhost:8080" // where the documents say that the program is

// tell runs all blocks in one shell, as a reader would, and gives what each printed.
func tell(t *testing.T, a *testkit.App, passages []passage) []string {
	t.Helper()
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "bin"), 0o755); err != nil { //nolint:gosec // nothing secret
		t.Fatal(err)
	}
	if err := os.Symlink(testkit.Binary(t), filepath.Join(dir, "bin", "openpartner")); err != nil {
		t.Fatal(err)
	}
	const end = "\x1e" // a separator that no block prints
	var script strings.Builder
	for _, p := range passages {
		script.WriteString(strings.ReplaceAll(p.shell, home, a.URL) + "\nprintf '" + end + "'\n")
	}
	cmd := exec.CommandContext(t.Context(), "bash", "-euo", "pipefail", "-c", script.String())
	cmd.Dir, cmd.Env = dir, a.Env()
	var complaints strings.Builder
	cmd.Stderr = &complaints
	out, err := cmd.Output()
	printed := strings.Split(string(out), end)
	if err != nil {
		t.Fatalf("%v in the passage\n%s\n%s", err, passages[min(len(printed), len(passages))-1].shell, complaints.String())
	}
	return printed
}

// What is different each time is put out of sight.
var (
	anID   = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}`)
	aTime  = regexp.MustCompile(`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z`)
	anHost = regexp.MustCompile(`http://localhost:\d+`)
)

// plain gives what was printed in a form that can be compared: a value when it is JSON, which
// documents break into lines.
func plain(text string) any {
	text = anHost.ReplaceAllString(aTime.ReplaceAllString(anID.ReplaceAllString(text, "ID"), "TIME"), "URL")
	var value any
	if json.Unmarshal([]byte(text), &value) == nil {
		return value
	}
	return strings.TrimSpace(text)
}

func TestStories(t *testing.T) {
	t.Parallel()
	for _, document := range []string{"README.md", "docs/INTEGRATION.md"} {
		t.Run(document, func(t *testing.T) {
			t.Parallel()
			passages := story(t, document)
			printed := tell(t, testkit.Start(t), passages)
			for i, p := range passages {
				if p.prints == "" {
					continue
				}
				if diff := cmp.Diff(plain(p.prints), plain(printed[i])); diff != "" {
					t.Errorf("%s says what is not so (-says +is):\n%s\n%s", document, p.shell, diff)
				}
			}
		})
	}
}

var signer = regexp.MustCompile("(?ms)^<!-- signs -->\n```(\\w+)\n(.*?)^```$")

// Every language that this machine speaks signs alike. Go it always speaks.
func TestSignatures(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../docs/INTEGRATION.md")
	if err != nil {
		t.Fatal(err)
	}
	want := signature("a-secret-of-sixteen-characters", "customer-8")
	if !strings.Contains(string(text), "\n"+want+"\n") {
		t.Errorf("the document does not show the signature %s", want)
	}
	runners := map[string][]string{"go": {"go", "run"}, "js": {"node"}, "python": {"python3"}, "php": {"php"}}
	examples := signer.FindAllStringSubmatch(string(text), -1)
	if len(examples) != len(runners) {
		t.Errorf("there are %d examples", len(examples))
	}
	for _, example := range examples {
		language, run := example[1], runners[example[1]]
		if _, err := exec.LookPath(run[0]); err != nil && language != "go" {
			t.Logf("%s is not spoken here", language)
			continue
		}
		file := filepath.Join(t.TempDir(), "sign."+language)
		if err := os.WriteFile(file, []byte(example[2]), 0o600); err != nil {
			t.Fatal(err)
		}
		out, err := exec.CommandContext(t.Context(), run[0], append(run[1:], file)...).CombinedOutput()
		if err != nil || strings.TrimSpace(string(out)) != want {
			t.Errorf("%s: %v, %q", language, err, out)
		}
	}
}

func signature(secret, user string) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(user))
	return hex.EncodeToString(mac.Sum(nil))
}

var link = regexp.MustCompile(`\]\(([^)#]+)[^)]*\)`)

// A document leads only to what is there.
func TestLinks(t *testing.T) {
	t.Parallel()
	documents, err := filepath.Glob("../../docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	records, err := filepath.Glob("../../docs/adr/*.md")
	if err != nil {
		t.Fatal(err)
	}
	documents = append(append(documents, records...), "../../README.md", "../../CONTRIBUTING.md", "../../CHANGELOG.md")
	seen := 0
	for _, document := range documents {
		text, err := os.ReadFile(document)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range link.FindAllStringSubmatch(string(text), -1) {
			if strings.Contains(m[1], "://") {
				continue
			}
			seen++
			if _, err := os.Stat(filepath.Join(filepath.Dir(document), m[1])); err != nil {
				t.Errorf("%s leads to %s, which is not there", document, m[1])
			}
		}
	}
	if seen < 10 {
		t.Errorf("only %d links were found", seen)
	}
}
