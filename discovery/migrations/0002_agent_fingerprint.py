from django.db import migrations, models

import discovery.agent_fingerprint


class Migration(migrations.Migration):
    dependencies = [("discovery", "0001_initial")]

    operations = [
        migrations.AddField(
            model_name="agent",
            name="fingerprint",
            field=models.GeneratedField(
                db_persist=True,
                expression=discovery.agent_fingerprint.AgentFingerprint(),
                help_text="Equal for agents that work alike; what a published workflow used is compared by it.",
                output_field=models.CharField(max_length=32),
            ),
        ),
    ]
