package tracking

import (
	"strings"
	"sync"

	"github.com/mileusna/useragent"
)

// previews are agents that fetch a link to show what is behind it, as they name themselves, in
// lower case. The library knows search engines and whatever calls itself a bot.
func previews() []string {
	return []string{
		"facebookexternalhit", "facebookcatalog", "facebot", "meta-external", "slackbot", "slack-imgproxy", "twitterbot",
		"whatsapp/", "telegrambot", "discordbot", "linkedinbot", "pinterestbot", "redditbot", "skypeuripreview", "bingpreview",
		"snap url preview", "applebot", "mattermost", "vkshare", "embedly", "iframely", "googleother", "google-inspectiontool",
		"bytespider", "gptbot", "petalbot", "ahrefsbot", "semrushbot",
	}
}

// The bounds of what is remembered of agents; strangers write them.
const (
	maxAgents      = 4096
	maxAgentLength = 1000
)

// agents remembers which agents are machines: taking a header apart is the costliest thought
// of a visit, and most visitors share a few hundred of them.
type agents struct {
	mu    sync.RWMutex
	known map[string]bool
}

func newAgents() *agents { return &agents{known: map[string]bool{}} }

// bot reports whether the agent says that it is a machine. An empty one is not a bot: privacy
// tools remove it.
func (a *agents) bot(agent string) bool {
	if agent == "" {
		return false
	}
	agent = agent[:min(len(agent), maxAgentLength)]
	a.mu.RLock()
	is, known := a.known[agent]
	a.mu.RUnlock()
	if known {
		return is
	}
	is = machine(agent)
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.known) >= maxAgents {
		clear(a.known)
	}
	a.known[strings.Clone(agent)] = is
	return is
}

func machine(agent string) bool {
	lower := strings.ToLower(agent)
	for _, name := range previews() {
		if strings.Contains(lower, name) {
			return true
		}
	}
	return useragent.Parse(agent).Bot
}
