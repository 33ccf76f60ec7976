"""What Superset's own class is made of. The rest of Superset is not here."""

from flask_appbuilder.security.sqla.manager import SecurityManager as SupersetSecurityManager  # noqa: F401
