package process

import (
	"context"
	"errors"
	"fmt"
	"strings"
)

// Command is a command of one program, with a file as its argument.
type Command struct {
	// Name is the word that selects the command.
	Name string
	// Summary is its text in the list of commands.
	Summary string
	// Text explains the command, in paragraphs.
	Text []string
	// Yes is the text of the option --yes; a command without this text does not have the option.
	Yes string
	// Run executes the command.
	Run func(ctx context.Context, file string, yes bool) error
}

// errUsage reports wrong arguments. The exit code is 2.
type errUsage struct{ error }

// execute parses the arguments behind the name of the command and runs it.
func (c Command) execute(ctx context.Context, program string, arguments []string) error {
	var files []string
	yes := false
	for _, argument := range arguments {
		switch {
		case argument == "--help", argument == "-h":
			fmt.Print(c.help(program))
			return nil
		case argument == "--yes" && c.Yes != "":
			yes = true
		case strings.HasPrefix(argument, "-"):
			return errUsage{fmt.Errorf("unknown option %q: run \"%s %s --help\"", argument, program, c.Name)}
		default:
			files = append(files, argument)
		}
	}
	if len(files) != 1 {
		return errUsage{fmt.Errorf("%s needs the path of one file: run \"%s %s --help\"", c.Name, program, c.Name)}
	}
	err := c.Run(ctx, files[0], yes)
	if errors.Is(err, context.Canceled) {
		return fmt.Errorf("%s was interrupted", c.Name)
	}
	return err
}

func (c Command) help(program string) string {
	options := ""
	if c.Yes != "" {
		options = " [--yes]"
	}
	text := fmt.Sprintf("Usage: %s %s%s FILE\n", program, c.Name, options)
	for _, paragraph := range c.Text {
		text += "\n" + wrap("", paragraph)
	}
	if c.Yes != "" {
		text += "\n  --yes  " + c.Yes + "\n"
	}
	return text
}

// command returns the command of a program with this name.
func (p Program) command(name string) (found Command, ok bool) {
	for _, c := range p.Commands {
		if c.Name == name {
			return c, true
		}
	}
	return Command{}, false
}
