// Command kubernetes asks the authenticator of Kubernetes' API server who a token is of.
// Its arguments are the file for --authentication-config, the file of the certificates
// that it trusts, and the token. It prints what `kubectl auth whoami` would show.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"time"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/apiserver/pkg/apis/apiserver"
	"k8s.io/apiserver/pkg/apis/apiserver/install"
	"k8s.io/apiserver/pkg/apis/apiserver/validation"
	authenticationcel "k8s.io/apiserver/pkg/authentication/cel"
	"k8s.io/apiserver/pkg/authentication/request/bearertoken"
	"k8s.io/apiserver/pkg/cel/environment"
	"k8s.io/apiserver/pkg/server/dynamiccertificates"
	"k8s.io/apiserver/plugin/pkg/authenticator/token/oidc"
)

func main() {
	if err := run(os.Args[1], os.Args[2], os.Args[3]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(configFile, roots, token string) error {
	text, err := os.ReadFile(configFile)
	if err != nil {
		return err
	}
	scheme := runtime.NewScheme()
	install.Install(scheme)
	var config apiserver.AuthenticationConfiguration
	decoder := serializer.NewCodecFactory(scheme, serializer.EnableStrict).UniversalDecoder()
	if err := runtime.DecodeInto(decoder, text, &config); err != nil {
		return fmt.Errorf("reading the configuration: %w", err)
	}
	compiler := authenticationcel.NewCompiler(environment.MustBaseEnvSet(environment.DefaultCompatibilityVersion()))
	if faults := validation.ValidateAuthenticationConfiguration(compiler, &config, nil); len(faults) > 0 {
		return fmt.Errorf("the configuration is refused: %w", faults.ToAggregate())
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	ca, err := dynamiccertificates.NewDynamicCAContentFromFile("roots", roots)
	if err != nil {
		return err
	}
	authenticator, err := oidc.New(ctx, oidc.Options{
		JWTAuthenticator:     config.JWT[0],
		CAContentProvider:    ca,
		SupportedSigningAlgs: oidc.AllValidSigningAlgorithms(), // as kube-apiserver does with a file
	})
	if err != nil {
		return err
	}
	for authenticator.HealthCheck() != nil {
		select {
		case <-ctx.Done():
			return fmt.Errorf("discovery: %w", authenticator.HealthCheck())
		case <-time.After(50 * time.Millisecond):
		}
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://cluster.example/", nil)
	if err != nil {
		return err
	}
	request.Header.Set("Authorization", "Bearer "+token)
	answer, ok, err := bearertoken.New(authenticator).AuthenticateRequest(request)
	if err != nil || !ok {
		return fmt.Errorf("not authenticated: %t, %w", ok, err)
	}
	return json.NewEncoder(os.Stdout).Encode(map[string]any{
		"username": answer.User.GetName(), "uid": answer.User.GetUID(), "groups": answer.User.GetGroups(),
	})
}
