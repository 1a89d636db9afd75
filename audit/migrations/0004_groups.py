from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("audit", "0003_labels")]

    operations = [
        migrations.AlterField(
            model_name="auditentry",
            name="object_kind",
            field=models.CharField(
                choices=[
                    ("workflow", "Workflow"),
                    ("agent", "Agent"),
                    ("mcp_server", "MCP server"),
                    ("schedule", "Schedule"),
                    ("webhook", "Webhook"),
                    ("approval", "Approval"),
                    ("execution", "Execution"),
                    ("user", "User"),
                    ("group", "Group"),
                ],
                max_length=20,
            ),
        ),
    ]
