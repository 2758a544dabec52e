// Command compose is Docker Compose, the plugin of the docker command, for the tests of build/compose.yaml.
// `go install` refuses the program of github.com/docker/compose, because its go.mod has exclude lines.
package main

import (
	"github.com/docker/cli/cli-plugins/metadata"
	"github.com/docker/cli/cli-plugins/plugin"
	"github.com/docker/cli/cli/command"
	commands "github.com/docker/compose/v2/cmd/compose"
	"github.com/docker/compose/v2/pkg/compose"
	"github.com/spf13/cobra"
)

func main() {
	plugin.Run(func(cli command.Cli) *cobra.Command {
		root := commands.RootCommand(cli, compose.NewComposeService(cli))
		before := root.PersistentPreRunE
		root.PersistentPreRunE = func(c *cobra.Command, arguments []string) error {
			if err := plugin.PersistentPreRunE(c, arguments); err != nil {
				return err
			}
			return before(c, arguments)
		}
		return root
	}, metadata.Metadata{SchemaVersion: "0.1.0", Vendor: "Docker Inc.", Version: "v2.40.3"})
}
