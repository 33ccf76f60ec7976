package site;

import java.util.Map;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.security.core.Authentication;
import org.springframework.security.core.annotation.AuthenticationPrincipal;
import org.springframework.security.oauth2.core.oidc.user.OidcUser;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RestController;

/** A site whose login is what application.yaml says, and no line of code. */
@SpringBootApplication
@RestController
public class Site {
  public static void main(String[] args) {
    SpringApplication.run(Site.class, args);
  }

  @GetMapping("/")
  Map<String, Object> who(Authentication who, @AuthenticationPrincipal OidcUser user) {
    return Map.of("principal", who.getName(), "name", user.getFullName(), "email", user.getEmail(), "groups", user.getClaimAsStringList("groups"));
  }
}
