"""`amss admin`: the first people of an installation, who then let in everybody else."""

import sys
from enum import Enum
from typing import Annotated

import typer

from amss_domain.access.model import Role, User
from amss_entrypoints.cli import output
from amss_entrypoints.cli.options import AsJson, Data, Org
from amss_entrypoints.cli.session import Choices, Session, perform
from amss_entrypoints.container import generated_password

app = typer.Typer(add_completion=False, no_args_is_help=True, help="Make the first administrator.")


class AdminRole(Enum):
    """The roles that the command gives."""

    ADMIN = "admin"
    SYSTEM_ADMIN = "system_admin"


@app.callback()
def admin() -> None:
    """Make the first administrator."""


@app.command()
def create(
    context: typer.Context,
    *,
    email: Annotated[str, typer.Option("--email", metavar="EMAIL", help="The address to log in with.")],
    name: Annotated[
        str | None, typer.Option("--name", metavar="TEXT", help="The person's name; otherwise made of the address.")
    ] = None,
    role: Annotated[
        AdminRole,
        typer.Option("--role", help="admin: of this organization; system_admin: who may also make organizations."),
    ] = AdminRole.ADMIN,
    password_stdin: Annotated[
        bool, typer.Option("--password-stdin", help="Read the password from the first line of standard input.")
    ] = False,
    create_org: Annotated[
        bool, typer.Option("--create-org", help="Make the organization too, if there is none of that name.")
    ] = False,
    org: Org = None,
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Make an administrator of an organization.

    The password is asked for on a terminal; with nothing entered, or without a terminal, one is made and printed once.
    """
    given = _given(password_stdin=password_stdin)
    password = generated_password() if given is None else given

    async def work(session: Session) -> None:
        user = await session.services.create_user()(
            session.actor, email=email, name=name, role=Role(role.value), password=password
        )
        _tell(session, user, made_up=password if given is None else None, as_json=as_json)

    perform(context, Choices(org=org, data=data, as_json=as_json), work, may_found=create_org)


def _given(*, password_stdin: bool) -> str | None:
    """Return the password that is given, None for one that is to be made."""
    if password_stdin:
        try:
            return sys.stdin.buffer.readline().decode().rstrip("\r\n")
        except UnicodeDecodeError:
            raise typer.BadParameter("standard input is not UTF-8", param_hint="--password-stdin") from None
    if not sys.stdin.isatty():
        return None
    entered: str = typer.prompt(
        "Password (nothing for one that is made up)", default="", show_default=False, hide_input=True, err=True
    )
    if entered and typer.prompt("Once more", hide_input=True, err=True) != entered:
        raise typer.BadParameter("the two passwords differ; try again", param_hint="password")
    return entered or None


def _tell(session: Session, user: User, *, made_up: str | None, as_json: bool) -> None:
    organization = session.organization.slug
    if as_json:
        output.write_json(
            {
                "user_id": user.id,
                "organization": organization,
                "email": user.email,
                "name": user.name,
                "role": user.role.value,
                "password": made_up,
            }
        )
        return
    out = output.console()
    out.print(f"{user.email} is {user.role.value} of {organization} from now on.", markup=False)
    if made_up is not None:
        out.print(f"The password, which is shown this once: {made_up}", markup=False)
