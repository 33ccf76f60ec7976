// Command compose reads a Compose file as Docker does, by the package that Docker's own
// command uses: schema, variables, references between services. It is a module of its own.
//
//	compose FILE NAME=VALUE...    exits with 1 if Compose would not take the file
package main

import (
	"context"
	"fmt"
	"os"
	"strings"

	"github.com/compose-spec/compose-go/v2/loader"
	"github.com/compose-spec/compose-go/v2/types"
)

func main() {
	env := types.Mapping{}
	for _, pair := range os.Args[2:] {
		name, value, _ := strings.Cut(pair, "=")
		env[name] = value
	}
	project, err := loader.LoadWithContext(context.Background(), types.ConfigDetails{
		ConfigFiles: types.ToConfigFiles([]string{os.Args[1]}), Environment: env,
	}, func(o *loader.Options) { o.SetProjectName("dingbridge", true) })
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println(strings.Join(project.ServiceNames(), " "))
}
