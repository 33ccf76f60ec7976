"""An app of Flask-AppBuilder with the printed superset_config.py. Its argument is the port."""

import sys

from flask import Flask, jsonify
from flask_appbuilder import AppBuilder
from flask_appbuilder.utils.legacy import get_sqla_class
from flask_login import current_user, login_required

import superset_config

app = Flask(__name__)
app.config.from_object(superset_config)
app.config.update(SECRET_KEY="of the test, and of nothing else at all", SQLALCHEMY_DATABASE_URI="sqlite:///site.db", RATELIMIT_ENABLED=False)
db = get_sqla_class()(app)
with app.app_context():
    builder = AppBuilder(app, db.session, security_manager_class=superset_config.CUSTOM_SECURITY_MANAGER)
    db.create_all()
    for role in "Alpha", "Gamma":  # Superset's own
        builder.sm.add_role(role)


@app.get("/who")
@login_required
def who():
    return jsonify(account=current_user.id, username=current_user.username, name=current_user.first_name, email=current_user.email, roles=[r.name for r in current_user.roles])


app.run("127.0.0.1", int(sys.argv[1]))
